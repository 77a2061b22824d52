"""Compares what an output holds with its source, or with a list of what should be there, and repairs it."""
