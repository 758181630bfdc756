"""What counts as a word."""

import re

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


def has_words(text: str) -> bool:
    """Whether anything is there to read: spaces, marks and invisible characters alone are not."""
    return _WORD.search(text) is not None


def word_count(text: str) -> int:
    """Number of words; `e-mail` is one."""
    return len(_WORD.findall(text))


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(words.split())
