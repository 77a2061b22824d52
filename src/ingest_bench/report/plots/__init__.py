"""Plots as small SVG drawings: readable on light and dark and on a phone, the same bytes for the same data."""
