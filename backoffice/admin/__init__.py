"""The back office."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the back office."""
