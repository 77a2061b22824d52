"""How a table of STAC items stands: each of the best practices, whether it is followed, why that counts, what to do."""
