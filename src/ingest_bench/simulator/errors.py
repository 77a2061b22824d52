"""What a request can do wrong."""

from __future__ import annotations


class InvalidParameterError(ValueError):
    """A parameter of a request can't be used: status 400. The message is for the client and starts with its name."""
