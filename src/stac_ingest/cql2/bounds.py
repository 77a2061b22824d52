"""How large an expression may be: whoever writes one gets an answer, not a full memory or stack."""

from __future__ import annotations

LONGEST = 256 * 1024
"""Characters of an expression as text."""
DEEPEST = 64
"""Levels of AND, OR, NOT and parentheses inside each other."""
TOO_DEEP = f"nested more than {DEEPEST} levels deep"
MOST_PARTS = 50_000
"""Values, properties and operators, all told."""
