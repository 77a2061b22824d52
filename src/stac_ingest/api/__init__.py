"""Talking to a STAC API: following `next`, planning chunks of time, minding the host's limits."""
