"""The one source of time (rule 9): aware UTC. Tests travel, and development can move the clock of all processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_frozen: datetime | None = None
_offset_file: Path | None = None


def configure(offset_file: Path | None) -> None:
    """Read the development offset (seconds, text) from this file; None, as in production, means real time only."""
    global _offset_file
    _offset_file = offset_file


def now() -> datetime:
    """The present moment of the domain, aware and in UTC."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC) + offset()


def offset() -> timedelta:
    """How far the development clock is ahead of real time."""
    if _offset_file is None:
        return timedelta()
    try:
        return timedelta(seconds=float(_offset_file.read_text()))
    except FileNotFoundError:
        return timedelta()


def move(by: timedelta) -> timedelta:
    """Move the development clock forward for every process that shares the offset file; returns the new offset."""
    if _offset_file is None:
        raise RuntimeError("the clock can only be moved in development")
    total = offset() + by
    temporary = _offset_file.with_suffix(".tmp")
    temporary.write_text(str(total.total_seconds()))
    temporary.replace(_offset_file)
    return total


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Stand still at `moment` inside the block."""
    global _frozen
    if moment.tzinfo is None:
        raise ValueError("the clock needs an aware moment")
    before, _frozen = _frozen, moment.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before
