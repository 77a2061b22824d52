"""The commands of `python -m ingest_bench`, one module each: its options, and what it runs, imported when it runs."""
