"""Compares builds: named cells and commands of this one and of an earlier commit, in pairs on this machine."""
