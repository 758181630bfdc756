"""A piece of text that a detector has found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """`sure`: nobody would doubt it; else it may be something harmless, and weighs one step less."""

    code: str
    start: int
    end: int
    sure: bool = True
