"""CQL2 (OGC 21-065): expressions that say which items are meant, as text and as JSON, and what they say of an item.

Both forms are read here rather than by the package `cql2`: it takes every number for a float, so that whole numbers
beyond 2^53 aren't told apart, and raises where an item lacks a property. What isn't read here, such as
arithmetic and arrays, goes to that package where it is installed, and is refused elsewhere.
"""

from stac_ingest.cql2.evaluate import Predicate, operands_of, predicate_of
from stac_ingest.cql2.expression import expression_of
from stac_ingest.cql2.read import read_expression
from stac_ingest.cql2.tree import Node

__all__ = ["Node", "Predicate", "expression_of", "operands_of", "predicate_of", "read_expression"]
