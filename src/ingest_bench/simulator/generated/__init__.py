"""A STAC API whose items are made from a seed when they are asked for, with a known truth at each of several epochs."""
