"""Calibration: the whole way from samples to recommendations, tested on systems with closed-form answers."""
