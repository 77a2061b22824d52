"""The examples of `docs/extending.md`: each code block there has the name of its file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"


def examples() -> dict[str, str]:
    """Return the code of every example, by the name of its file."""
    blocks = re.findall(r'^```python title="(.+?)"\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return dict(blocks)


def example(name: str) -> str:
    """Return the code of one example."""
    return examples()[name]


def defined_by(name: str, what: str) -> Any:
    """Run one example, and return what it defines by that name."""
    namespace: dict[str, Any] = {"__name__": name.removesuffix(".py")}
    exec(compile(example(name), name, "exec"), namespace)
    return namespace[what]


def documented_arm(name: str) -> dict[str, Any]:
    """Return an arm as the page has it in a configuration."""
    block = re.search(rf"^    {name}:\n(?:      .*\n)+", PAGE.read_text(), re.MULTILINE)
    assert block
    arm: dict[str, Any] = yaml.safe_load(block[0])[name]
    return arm
