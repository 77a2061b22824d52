"""Where the randomness of a corpus comes from: a hash of a name, the same on every machine and in every Python.

Numbers are made from integers by one correctly rounded division, never by a function of a maths library, so that not a
single bit depends on the platform.
"""

import struct
from hashlib import shake_128


def stream(name: str, size: int) -> bytes:
    """Give `size` bytes that depend on `name` alone."""
    return shake_128(name.encode()).digest(size)


def words(name: str, count: int) -> tuple[int, ...]:
    """Give `count` integers of 32 bits that depend on `name` alone."""
    return struct.unpack(f"<{count}I", stream(name, 4 * count))


def decimal(word: int, low: int, high: int, places: int) -> float:
    """Map a word of 32 bits to a number between `low` and `high` with exactly so many decimal places.

    The last place is never 0: a float that happens to be a whole number may come back from a table as an integer.
    """
    unit: int = 10**places
    offset = (high - low) * unit * word >> 32
    return (low * unit + offset - offset % 10 + 1 + word % 9) / unit
