"""The configuration, and what it may name."""
