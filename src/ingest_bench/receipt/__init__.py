"""Receipts: an archive that binds a run's samples to all that was made of them, and the check that both still agree."""
