"""The instrument: measures ways to ingest STAC items and says what to use."""
