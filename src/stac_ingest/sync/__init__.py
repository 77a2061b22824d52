"""Keeping an output in step with its source: what is new, changed and gone since the last run, and nothing else."""
