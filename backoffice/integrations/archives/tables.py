"""Objects of a JSON text, taken apart key by key; what is wrong with one is noted with its place."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l

from backoffice.integrations.archives.problems import MOST_PROBLEMS, Place, Problem

# Keys that tools may use for themselves.
OTHERS_PREFIX = "x-"
MOST_NAME_CHARS = 200

Word = TypeVar("Word", bound=StrEnum)


class Table:
    """One object of the text at its place. Keys are taken out by their type; what is wrong is noted, not raised."""

    def __init__(self, value: Any, place: Place, problems: list[Problem]) -> None:
        self.place, self._problems = place, problems
        self._values: dict[str, Any] = value if isinstance(value, dict) else {}
        self._taken: set[str] = set()
        if not isinstance(value, dict):
            self.note("", _l("An object is needed here."))

    def note(self, key: str, what: Any) -> None:
        """Something is wrong with the value of this key."""
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(self.place.at(key) if key else self.place, what))

    def _take(self, key: str) -> Any:
        self._taken.add(key)
        return self._values.get(key)

    def has(self, key: str) -> bool:
        """Whether there is a value under this key; one that is not is as good as taken."""
        self._taken.add(key)
        return self._values.get(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        value = self._take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            self.note(key, _l("A text is needed here."))
            return ""
        return value

    def name(self, key: str) -> str | None:
        """The name of something, or nothing."""
        value = self.text(key, "")
        if not _is_name(value):
            self.note(key, _l("This cannot be a name."))
            return None
        return value or None

    def names(self, key: str) -> tuple[str, ...]:
        """A list of names, each of them once."""
        values = self._list(key)
        if not all(isinstance(value, str) and _is_name(value) for value in values) or len(set(values)) != len(values):
            self.note(key, _l("A list of different names is needed here."))
            return ()
        return tuple(values)

    def flag(self, key: str) -> bool:
        """True or false; false when it is not there."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            self.note(key, _l("Here only true or false can stand."))
        return value is True

    def number(self, key: str) -> int | None:
        """A whole number, or nothing."""
        value = self._take(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            self.note(key, _l("A whole number is needed here."))
            return None
        return value

    def word(self, key: str, words: type[Word], default: Word | None = None) -> Word:
        """One of the words of an enum."""
        value = self._take(key)
        if value is None and default is not None:
            return default
        if value not in list(words):
            self.note(key, _l("One of these is needed here: %(words)s.", words=", ".join(words)))
            return next(iter(words))
        return words(value)

    def table(self, key: str) -> "Table":
        """An object at a place of its own."""
        return Table(self._take(key), self.place.at(key), self._problems)

    def tables(self, key: str, place_of: Callable[[int], Place]) -> Iterator["Table"]:
        """The objects of a list, each at the place of its number, from 1 on."""
        for number, value in enumerate(self._list(key), 1):
            yield Table(value, place_of(number), self._problems)

    def _list(self, key: str) -> list[Any]:
        value = self._take(key)
        if value is not None and not isinstance(value, list):
            self.note(key, _l("A list is needed here."))
            return []
        return value or []

    def end(self) -> None:
        """Everything was taken: what is left is unknown."""
        for key in self._values:
            if key not in self._taken and not key.startswith(OTHERS_PREFIX):
                self.note(key, _l("This key is not known."))


def _is_name(text: str) -> bool:
    return text.isprintable() and len(text) <= MOST_NAME_CHARS
