"""What lies in a store, read as files are: another way to list and to get bytes."""
