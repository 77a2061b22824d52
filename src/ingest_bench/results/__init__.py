"""The results: their models, units, digests and tables."""
