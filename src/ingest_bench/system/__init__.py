"""The machine: its description, locks, memory and processes."""
