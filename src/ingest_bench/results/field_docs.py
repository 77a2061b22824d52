"""What stands below the fields of a record, read from its source."""

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import TypeGuard


def field_docs(model: type, base: type) -> dict[str, str]:
    """Return the docstrings of a model's fields, and of those that it has from classes below a base, by their names."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, base):
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            assert isinstance(definition, ast.ClassDef)
            for field, text in pairwise(definition.body):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(text):
                    found[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value))
    return found


def _is_text(line: ast.stmt) -> TypeGuard[ast.Expr]:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
