"""How a kind of source tells what has changed: a file each."""
