"""The command line of `stac-ingest`."""
