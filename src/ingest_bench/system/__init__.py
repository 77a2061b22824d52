"""What the benchmark asks of, and keeps from, the operating system and the interpreter."""
