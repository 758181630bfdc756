"""Is the course whole: enough lectures, none of them empty, every question answerable? (C-3 to C-5, L-3)"""

from collections.abc import Iterator
from functools import partial

from backoffice.integrations.checks.model import (
    Check,
    CourseSnapshot,
    Finding,
    LectureSnapshot,
    Place,
    QuestionSnapshot,
    Severity,
    Thresholds,
)
from backoffice.integrations.checks.words import has_words, word_count

ID, VERSION = "structure", 2
_blocking = partial(Finding, check=ID, version=VERSION, severity=Severity.BLOCK)


def _run(snapshot: CourseSnapshot, thresholds: Thresholds) -> list[Finding]:
    found = [*_whole_course(snapshot, thresholds)]
    for module in snapshot.modules:
        if not module.lectures:
            found.append(_blocking(code="module_empty", place=Place(None, module.node_id), params=_named(module.title)))
        for lecture in module.lectures:
            if not _has_content(lecture):
                place = Place("video" if lecture.kind == "video" else "body", lecture.node_id)
                found.append(_blocking(code="lecture_empty", place=place, params=_named(lecture.title)))
            for resource in lecture.resources:
                if resource.state == "failed":
                    place = Place("title", resource.node_id)
                    found.append(_blocking(code="resource_failed", place=place, params=_named(resource.title)))
            for question in lecture.questions:
                found += _question(question, thresholds)
    return found


def _whole_course(snapshot: CourseSnapshot, thresholds: Thresholds) -> Iterator[Finding]:
    lectures = sum(1 for _ in snapshot.lectures())
    if lectures < thresholds.min_lectures:
        yield _blocking(code="too_few_lectures", measured=lectures, threshold=thresholds.min_lectures)
    minutes = round(sum(_minutes(lecture, thresholds) for lecture in snapshot.lectures()), 1)
    if minutes < thresholds.min_minutes:
        yield _blocking(code="too_few_minutes", measured=minutes, threshold=thresholds.min_minutes)


def _minutes(lecture: LectureSnapshot, thresholds: Thresholds) -> float:
    if lecture.kind == "video":
        return ((lecture.video.duration_s if lecture.video else None) or 0) / 60
    return word_count(lecture.body) / thresholds.words_per_minute


def _has_content(lecture: LectureSnapshot) -> bool:
    return lecture.video is not None if lecture.kind == "video" else has_words(lecture.body)


def _question(question: QuestionSnapshot, thresholds: Thresholds) -> Iterator[Finding]:
    options = [option.strip() for option in question.options if option.strip()]
    at = partial(_blocking, excerpt=question.text)
    if not has_words(question.text):
        yield at(code="question_without_text", place=Place("text", question.node_id))
    if len(options) < thresholds.min_options:
        place = Place("options", question.node_id)
        yield at(code="question_few_options", place=place, measured=len(options), threshold=thresholds.min_options)
    elif len(options) < len(question.options):
        yield at(code="question_blank_option", place=Place("options", question.node_id))
    if question.right_count < 1:
        yield at(code="question_without_right_option", place=Place("options", question.node_id))
    if len({option.casefold() for option in options}) < len(options):
        yield at(code="question_same_options", place=Place("options", question.node_id))


def _named(title: str) -> dict[str, str]:
    return {"title": title.strip() or "?"}


CHECK = Check(ID, VERSION, _run)
