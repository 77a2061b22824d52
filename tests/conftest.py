"""What tests of all folders share: `factories` and `documented`, which lie beside this file, can be imported."""
