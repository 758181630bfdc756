"""Counting what a page asks the database."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


def selects() -> AbstractContextManager[list[str]]:
    """The SELECT statements of the block; savepoints of the test's transaction are not a page's."""
    return _seen("SELECT", "WITH")


def statements() -> AbstractContextManager[list[str]]:
    """What the block reads and writes; many rows sent as one statement count once."""
    return _seen("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


@contextmanager
def _seen(*words: str) -> Iterator[list[str]]:
    seen: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(words):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
