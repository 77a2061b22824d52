"""Tables of items that other programs write and read: theirs are read by us, and ours by each of them."""
