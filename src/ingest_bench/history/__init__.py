"""All runs: what has moved from one to the next, and what carries over from one machine to another."""
