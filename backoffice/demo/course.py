"""What a demo course consists of."""

from dataclasses import dataclass

from backoffice.models.content import Level


@dataclass(frozen=True)
class DemoCourse:
    """One course: `author` counts in people.AUTHORS; price and discount in minor units; four lectures.

    `question` is its text, the right option, then wrong ones.
    """

    author: int
    language: str
    category: str
    skills: tuple[str, ...]
    level: Level
    price: int
    discount: int | None
    title: str
    short: str
    lectures: tuple[str, str, str, str]
    question: tuple[str, ...]


BEGINNER, INTERMEDIATE, ADVANCED, FOR_ALL = Level.BEGINNER, Level.INTERMEDIATE, Level.ADVANCED, Level.ALL
