"""CQL2 text: `"eo:cloud_cover" < 10 AND S_INTERSECTS(geometry, BBOX(0, 40, 10, 50))`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stac_ingest.core.shapes import GEOMETRY_WORDS, geometry_of_text
from stac_ingest.cql2 import tree
from stac_ingest.cql2.bounds import DEEPEST, TOO_DEEP
from stac_ingest.cql2.tokens import Misread, Token, number_of, tokens_of, unquoted
from stac_ingest.cql2.tree import Node, Operand, Property

_T = TypeVar("_T")
_RESERVED = frozenset({"and", "or", "not", "in", "like", "between", "is", "null"})
_AREA = "BBOX(...) or a geometry such as POLYGON((...))"
_VALUE = "a property, a number, a text in single quotes, TRUE, FALSE, TIMESTAMP('...') or DATE('...')"


def node_of_text(text: str) -> Node:
    """Read an expression.

    Raises:
        Misread: saying what was expected and found, and where.

    """
    parser = _Parser(text)
    node = parser.alternatives(0)
    parser.expect_end()
    return node


class _Parser:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._next = 0

    def alternatives(self, depth: int) -> Node:
        """Return the node of the terms that OR joins, from the next token on."""
        return self._joined("or", lambda: self._joined("and", lambda: self._factor(depth)))

    def expect_end(self) -> None:
        """Refuse what is left."""
        if self._token.kind != "end":
            raise self._wrong("AND, OR or the end")

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _joined(self, word: str, part: Callable[[], Node]) -> Node:
        nodes = [part()]
        while self._takes(word):
            nodes.append(part())
        return nodes[0] if len(nodes) == 1 else tree.Junction(word, tuple(nodes))

    def _factor(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise Misread(TOO_DEEP, self._token.at)
        if self._takes("not"):
            return tree.Not(self._factor(depth + 1))
        if self._takes("("):
            node = self.alternatives(depth + 1)
            self._expect(")")
            return node
        word = self._word()
        if word in tree.TEMPORAL and self._follows("("):
            return self._temporal()
        if word in tree.SPATIAL and self._follows("("):
            return self._spatial()
        if word in ("true", "false") and not self._is_compared():
            self._next += 1
            return tree.Constant(word == "true")
        return self._predicate()

    def _is_compared(self) -> bool:
        following = self._tokens[self._next + 1]
        words = ("in", "between", "like", "is", "not")
        return following.text in tree.COMPARISONS or (following.kind == "word" and following.text.lower() in words)

    def _predicate(self) -> Node:
        at = self._token.at
        value = self._operand()
        op = self._token.text
        if self._token.kind == "sign" and op in tree.COMPARISONS:
            self._next += 1
            return tree.Comparison(op, value, self._operand())
        if self._takes("is"):
            negated = self._takes("not")
            self._expect("null")
            node: Node = tree.IsNull(self._property(value, at))
            return tree.Not(node) if negated else node
        negated = self._takes("not")
        if self._takes("between"):
            low = self._operand()
            self._expect("and")
            node = tree.Between(value, low, self._operand())
        elif self._takes("in"):
            self._expect("(")
            node = tree.In(value, tuple(self._listed(self._operand)))
        elif self._takes("like"):
            if self._token.kind != "text":
                raise self._wrong("a text in single quotes")
            node = tree.Like(self._property(value, at), unquoted(self._taken()))
        else:
            raise self._wrong(
                "LIKE, BETWEEN or IN" if negated else "a comparison such as =, <> or <=, LIKE, BETWEEN, IN or IS NULL"
            )
        return tree.Not(node) if negated else node

    def _property(self, value: Operand, at: int) -> Property:
        if isinstance(value, Property):
            return value
        raise Misread("expected a property in front of IS NULL and LIKE", at)

    def _operand(self) -> Operand:
        token, word = self._token, self._word()
        if token.kind == "number":
            return number_of(self._taken())
        if token.kind == "text":
            return unquoted(self._taken())
        if token.kind == "quoted":
            return self._checked(token, lambda: tree.property_of(unquoted(self._taken())))
        if token.kind != "word" or word in _RESERVED:
            hint = "; NULL is asked for by IS NULL" if word == "null" else ""
            raise self._wrong(_VALUE, hint)
        if not self._follows("("):
            self._next += 1
            return word == "true" if word in ("true", "false") else Property(token.text)
        if word not in ("timestamp", "date"):
            raise Misread(tree.unknown_function(token.text), token.at)
        self._next += 2
        inside = self._token
        if inside.kind != "text":
            raise self._wrong("a text in single quotes")
        read = tree.timestamp if word == "timestamp" else tree.date
        moment = self._checked(inside, lambda: read(unquoted(self._taken())))
        self._expect(")")
        return moment

    def _temporal(self) -> Node:
        op = self._word()
        self._next += 2
        first = self._token
        left = self._checked(first, lambda: tree.time_of(self._time()))
        self._expect(",")
        second = self._token
        right = self._checked(second, lambda: tree.time_of(self._time()))
        self._expect(")")
        return tree.Temporal(op, left, right)

    def _time(self) -> Operand | tree.Period:
        if self._word() != "interval" or not self._follows("("):
            return self._operand()
        token = self._token
        self._next += 2
        start = self._end_of_time(last=False)
        self._expect(",")
        end = self._end_of_time(last=True)
        self._expect(")")
        return self._checked(token, lambda: tree.period(start, end))

    def _end_of_time(self, *, last: bool) -> float | Property:
        token = self._token
        if token.kind == "text":
            return self._checked(token, lambda: tree.end_of(unquoted(self._taken()), last=last))
        value = self._operand()
        if isinstance(value, Property):
            return value
        raise Misread("expected a date or a timestamp in single quotes, '..' or a property", token.at)

    def _spatial(self) -> Node:
        self._next += 2
        if self._operand() != Property("geometry"):
            raise Misread("expected geometry, the only one that an item has", self._tokens[self._next - 1].at)
        self._expect(",")
        token, word = self._token, self._word()
        if word == "bbox" and self._follows("("):
            self._next += 2
            numbers = self._listed(self._number)
            node = tree.Intersects(self._checked(token, lambda: tree.box(numbers)))
        elif word in GEOMETRY_WORDS:
            end = self._end_of_geometry()
            text = self._text[token.at : end]
            node = tree.Intersects(self._checked(token, lambda: geometry_of_text(text)))
        else:
            raise self._wrong(_AREA)
        self._expect(")")
        return node

    def _end_of_geometry(self) -> int:
        """Pass over a geometry, and give where it ends: with the parenthesis that closes its first one."""
        opened, started = 0, False
        while not started or opened:
            token = self._token
            if token.kind not in ("word", "number", "sign") or token.text in tree.COMPARISONS:
                raise self._wrong(_AREA)
            opened += (token.text == "(") - (token.text == ")")
            started = started or opened > 0
            if opened < 0 or opened > DEEPEST:
                raise self._wrong(_AREA)
            self._next += 1
        return self._tokens[self._next - 1].at + 1

    def _number(self) -> float:
        if self._token.kind != "number":
            raise self._wrong("a number")
        return float(number_of(self._taken()))

    def _listed(self, part: Callable[[], _T]) -> list[_T]:
        """Read what commas join, up to a closing parenthesis."""
        found = [part()]
        while self._takes(","):
            found.append(part())
        self._expect(")")
        return found

    def _checked(self, token: Token, make: Callable[[], _T]) -> _T:
        try:
            return make()
        except ValueError as error:
            raise Misread(str(error), token.at) from None

    def _word(self) -> str:
        return self._token.text.lower() if self._token.kind == "word" else ""

    def _follows(self, sign: str) -> bool:
        return self._token.kind != "end" and self._tokens[self._next + 1][:2] == ("sign", sign)

    def _taken(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _takes(self, what: str) -> bool:
        """Pass over a word or sign where it is the next one."""
        found = self._token
        fits = found.text == what if found.kind == "sign" else self._word() == what
        self._next += fits
        return fits

    def _expect(self, what: str) -> None:
        if not self._takes(what):
            raise self._wrong(what.upper() if what.isalpha() else repr(what))

    def _wrong(self, expected: str, hint: str = "") -> Misread:
        return Misread(f"expected {expected}, found {self._token.shown}{hint}", self._token.at)
