"""Newline-delimited JSON: files with an item a line, which may be of any size."""
