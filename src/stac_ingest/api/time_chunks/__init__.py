"""A search split by time into chunks that are fetched in parallel."""
