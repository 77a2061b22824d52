"""Whether runs of the same matrix, one after another, give the same advice."""
