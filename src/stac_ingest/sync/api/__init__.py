"""What a sync asks an API to find out what has changed: counts, short lists of items, and what the server can do."""
