"""The texts of a course one by one, each with its place, and how much of it everybody sees."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backoffice.integrations.checks.model import CourseSnapshot, LectureSnapshot, Place

_AROUND = 40
_FENCED = re.compile(r"^ {0,3}(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)(`++)([^\n]+?)(?<!`)\1(?!`)")


@dataclass(frozen=True, slots=True)
class TextPlace:
    """One text. `public`: on the course's page, which everybody can open; else inside, for those who bought."""

    field: str
    node_id: int | None
    text: str
    public: bool
    markdown: bool

    def place(self, start: int, end: int) -> Place:
        """The place of a span of this text."""
        return Place(self.field, self.node_id, start, end)


def text_places(snapshot: CourseSnapshot) -> Iterator[TextPlace]:
    """All texts that the author wrote, in reading order; empty ones are left out."""
    return (place for place in _all_places(snapshot) if place.text.strip())


def _all_places(snapshot: CourseSnapshot) -> Iterator[TextPlace]:
    yield TextPlace("title", None, snapshot.title, True, False)
    yield TextPlace("short_description", None, snapshot.short_description, True, False)
    yield TextPlace("description", None, snapshot.description, True, True)
    yield TextPlace("requirements", None, snapshot.requirements, True, True)
    for module in snapshot.modules:
        yield TextPlace("title", module.node_id, module.title, False, False)
        for lecture in module.lectures:
            yield from _lecture_places(lecture)
        for assignment in module.assignments:
            yield TextPlace("title", assignment.node_id, assignment.title, False, False)
            yield TextPlace("body", assignment.node_id, assignment.body, False, True)


def _lecture_places(lecture: LectureSnapshot) -> Iterator[TextPlace]:
    yield TextPlace("title", lecture.node_id, lecture.title, False, False)
    yield TextPlace("body", lecture.node_id, lecture.body, False, True)
    for resource in lecture.resources:
        yield TextPlace("title", resource.node_id, resource.title, False, False)
    for question in lecture.questions:
        yield TextPlace("text", question.node_id, question.text, False, True)
        for number, option in enumerate(question.options, start=1):
            yield TextPlace(f"option_{number}", question.node_id, option, False, True)
        yield TextPlace("explanation", question.node_id, question.explanation, False, True)


def without_code(text: str) -> str:
    """Markdown with its code blocks and code spans blanked; what is left keeps its position."""
    if "`" not in text and "~~~" not in text:
        return text
    return _INLINE.sub(_blank, _FENCED.sub(_blank, text))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def excerpt(text: str, start: int, end: int) -> str:
    """The span with a little of what stands around it, on one line."""
    left, right = max(0, start - _AROUND), min(len(text), end + _AROUND)
    shown = " ".join(text[left:right].split())
    return ("…" if left else "") + shown + ("…" if right < len(text) else "")
