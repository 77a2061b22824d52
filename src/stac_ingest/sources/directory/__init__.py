"""A directory with one item a file."""
