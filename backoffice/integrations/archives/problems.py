"""What is wrong with an archive, each thing with its place, in words for who made it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _

# Who has made so many mistakes has made one: the rest says nothing new.
MOST_PROBLEMS = 20
SHOWN_NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an archive: numbers count from 1, 0 is none; `name` is a key of course.json or an entry of the zip.

    `file` is an entry of the zip, where the text says something of it.
    """

    module: int = 0
    lecture: int = 0
    question: int = 0
    file: str = ""
    name: str = ""

    def at(self, name: str) -> "Place":
        """The part of this place that has a name."""
        return replace(self, name=name)

    def __str__(self) -> str:
        """In words, in the reader's language."""
        parts = []
        if self.module:
            parts.append(_("Module %(number)s", number=self.module))
        if self.lecture:
            parts.append(_("lecture %(number)s", number=self.lecture))
        if self.question:
            parts.append(_("question %(number)s", number=self.question))
        parts += [shown(name) for name in (self.file, self.name) if name]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing: where, and a (lazily translated) sentence."""

    place: Place
    what: Any

    def worded(self) -> dict[str, str]:
        """As it is kept for the page, in the language of now."""
        return {"place": str(self.place), "what": str(self.what)}


class ArchiveRefused(Exception):
    """The archive is at fault; nothing of it is taken."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems[:MOST_PROBLEMS])
        super().__init__("; ".join(f"{problem.place}: {problem.what}" for problem in self.problems))


def refused(place: Place, what: Any) -> ArchiveRefused:
    """The refusal because of one thing."""
    return ArchiveRefused([Problem(place, what)])


def shown(name: str) -> str:
    """A name out of an archive as it can be shown: printable and short."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
    return plain if len(plain) <= SHOWN_NAME_CHARS else plain[:SHOWN_NAME_CHARS] + "…"
