"""Measures a cell: pairs of samples in fresh processes, and what makes a sample valid."""
