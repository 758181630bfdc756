"""Completeness, structure and video technique: each with the good course and one detail spoiled (L-3)."""

from dataclasses import replace
from typing import Any

import pytest

from backoffice.integrations.checks import completeness, structure, video_technique
from backoffice.integrations.checks.model import Check, CourseSnapshot, Finding, Severity, Thresholds
from tests.checks.samples import (
    COURSE,
    MODULE,
    TEXT_LECTURE,
    VIDEO_LECTURE,
    course,
    course_with_lecture,
    course_with_question,
    course_with_video,
)

BLOCK, FLAG, INFO = Severity.BLOCK, Severity.FLAG, Severity.INFO
DEFAULTS = Thresholds()


def run(check: Check, snapshot: CourseSnapshot, thresholds: Thresholds = DEFAULTS) -> list[Finding]:
    return check.run(snapshot, thresholds)


@pytest.mark.parametrize("check", [completeness.CHECK, structure.CHECK, video_technique.CHECK], ids=lambda it: it.id)
def test_the_good_course_passes(check: Check) -> None:
    assert run(check, COURSE) == []


@pytest.mark.parametrize(
    ("changes", "code", "severity", "field"),
    [
        ({"title": " "}, "text_missing", BLOCK, "title"),
        ({"title": "\u200b…"}, "text_missing", BLOCK, "title"),
        ({"short_description": ""}, "text_missing", BLOCK, "short_description"),
        ({"description": "\n"}, "text_missing", BLOCK, "description"),
        ({"requirements": ""}, "requirements_missing", INFO, "requirements"),
        ({"category": None}, "category_missing", BLOCK, "category"),
        ({"language": ""}, "language_missing", BLOCK, "language"),
        ({"cover_ready": False}, "cover_missing", BLOCK, "cover"),
        ({"level": ""}, "level_missing", INFO, "level"),
        ({"skills": ()}, "skills_missing", INFO, "skills"),
        ({"title": "Go"}, "text_too_short", BLOCK, "title"),
        ({"title": "V" * 91}, "text_too_long", BLOCK, "title"),
        ({"short_description": "A course."}, "text_too_short", BLOCK, "short_description"),
        ({"short_description": "a " * 130}, "text_too_long", BLOCK, "short_description"),
        ({"description": "Learn to play the violin."}, "too_few_words", BLOCK, "description"),
    ],
)
def test_completeness(changes: dict[str, Any], code: str, severity: Severity, field: str) -> None:
    (finding,) = run(completeness.CHECK, course(**changes))
    assert (finding.code, finding.severity, finding.place.field) == (code, severity, field)


def test_lengths_say_measure_and_threshold() -> None:
    (finding,) = run(completeness.CHECK, course(title="Violins"), Thresholds(title_min_chars=10))
    assert (finding.measured, finding.threshold, finding.excerpt) == (7, 10, "Violins")


def test_untitled_nodes() -> None:
    snapshot = replace(
        COURSE, modules=(replace(MODULE, title="", lectures=(TEXT_LECTURE, replace(VIDEO_LECTURE, title=" "))),)
    )
    assert [(it.code, it.place.node_id) for it in run(completeness.CHECK, snapshot)] == [
        ("node_untitled", 11),
        ("node_untitled", 22),
    ]


@pytest.mark.parametrize(
    ("snapshot", "code", "node_id"),
    [
        (course(modules=(replace(MODULE, lectures=(TEXT_LECTURE,)),)), "too_few_lectures", None),
        (course(modules=()), "too_few_lectures", None),
        (course(modules=(MODULE, replace(MODULE, node_id=12, lectures=()))), "module_empty", 12),
        (course_with_lecture(body=" \n\u200b--- "), "lecture_empty", 21),
        (course_with_lecture(kind="video", body="Only a text"), "lecture_empty", 21),
        (course_with_question(text="?"), "question_without_text", 31),
        (course_with_question(options=("Four",)), "question_few_options", 31),
        (course_with_question(options=("Four", " ")), "question_few_options", 31),
        (course_with_question(options=("Four", "Six", "")), "question_blank_option", 31),
        (course_with_question(options=("Four", "four ")), "question_same_options", 31),
        (course_with_question(right_count=0), "question_without_right_option", 31),
    ],
)
def test_structure(snapshot: CourseSnapshot, code: str, node_id: int | None) -> None:
    (finding,) = run(structure.CHECK, snapshot)
    assert (finding.code, finding.severity, finding.place.node_id) == (code, BLOCK, node_id)


def test_lecture_and_minute_thresholds_are_settings() -> None:
    single = course(modules=(replace(MODULE, lectures=(VIDEO_LECTURE,)),))
    assert run(structure.CHECK, single, Thresholds(min_lectures=1)) == []
    (finding,) = run(structure.CHECK, single, Thresholds(min_lectures=1, min_minutes=6))
    assert (finding.code, finding.measured, finding.threshold) == ("too_few_minutes", 5, 6)


def test_texts_count_towards_the_minutes() -> None:
    snapshot = course_with_lecture(body="word " * 400)
    assert run(structure.CHECK, snapshot, Thresholds(min_minutes=7, words_per_minute=200)) == []
    (finding,) = run(structure.CHECK, snapshot, Thresholds(min_minutes=7, words_per_minute=300))
    assert finding.measured == 6.3


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"state": "failed", "error_code": "not_a_video"}, "video_failed", BLOCK),
        ({"state": "transcoding"}, "video_in_work", FLAG),
        ({"duration_s": None}, "video_not_ready", FLAG),
        ({"black_share": None}, "video_not_ready", FLAG),
        ({"width": None, "height": None}, "video_no_picture", BLOCK),
        ({"black_share": 0.97}, "video_black", BLOCK),
        ({"black_share": 0.6}, "video_partly_black", FLAG),
        ({"width": 320, "height": 240}, "video_small", INFO),
        ({"has_sound": False, "mean_volume_db": None}, "video_no_sound", BLOCK),
        ({"has_sound": False, "mean_volume_db": -75.0}, "video_silent", BLOCK),
        ({"mean_volume_db": -91.0}, "video_silent", BLOCK),
        ({"mean_volume_db": -48.5}, "video_quiet", INFO),
        ({"sound_only": True, "width": 0, "height": 0, "black_share": None}, "video_sound_only", INFO),
    ],
)
def test_video_technique(changes: dict[str, Any], code: str, severity: Severity) -> None:
    (finding,) = run(video_technique.CHECK, course_with_video(**changes))
    assert (finding.code, finding.severity) == (code, severity)
    assert (finding.place.field, finding.place.node_id) == ("video", 22)


def test_upright_video_is_not_small() -> None:
    assert run(video_technique.CHECK, course_with_video(width=720, height=1280)) == []


def test_video_thresholds_are_settings() -> None:
    dark = course_with_video(black_share=0.3)
    (finding,) = run(video_technique.CHECK, dark, Thresholds(black_share_block=0.25))
    assert (finding.code, finding.measured, finding.threshold) == ("video_black", 30, 25)
