"""What tests of all folders share: `factories` and `documented`, which lie beside this file, can be imported."""

from hypothesis import settings

# A time that an example may take would be a threshold on the clock, which a busy machine misses.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
