"""Any course comes back from its archive as it went (L-1)."""

from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.access import Actor
from backoffice.db import db
from backoffice.integrations.archives.model import ArchivedCourse
from backoffice.integrations.archives.reading import read_course
from backoffice.integrations.archives.writing import course_json
from backoffice.models.content import LectureKind, Level
from backoffice.models.courses import Course
from backoffice.queries import course_archives
from tests.factories.archives import imported, zipped
from tests.factories.people import Cast

LINE = st.text(st.characters(exclude_categories=("C", "Z", "M")), min_size=1, max_size=30)
WORDS = st.text(st.characters(exclude_categories=("C", "M")), max_size=60)
OPTIONS = st.lists(st.builds(dict, text=LINE, right=st.booleans()), min_size=1, max_size=9)
QUESTIONS = st.builds(
    lambda text, options, explanation: {
        "text": text,
        "options": [*options, {"text": "This one", "right": True}],
        "explanation": explanation,
    },
    LINE,
    OPTIONS,
    WORDS,
)
LECTURES = st.builds(
    dict,
    title=LINE,
    kind=st.sampled_from([kind.value for kind in LectureKind]),
    body=WORDS,
    free_preview=st.booleans(),
    questions=st.lists(QUESTIONS, max_size=3),
)
MODULES = st.builds(dict, title=LINE, lectures=st.lists(LECTURES, max_size=3))
ABOUT = st.builds(
    dict,
    title=LINE,
    short_description=WORDS,
    description=WORDS,
    requirements=WORDS,
    category=st.sampled_from([None, "programming"]),
    level=st.sampled_from([level.value for level in Level]),
    language=st.sampled_from(["en", "ru"]),
    includes_certificate=st.booleans(),
    access_days=st.none() | st.integers(1, 3650),
    price=st.none() | st.integers(1, 10_000_000).map(lambda minor: {"amount": f"{minor / 100:.2f}", "currency": "USD"}),
)


def taken_in(owner: Actor, data: bytes) -> ArchivedCourse:
    """What the archive has become, as the next one would say it."""
    upload = imported(owner, data)
    assert upload.asset
    assert "course_id" in upload.asset, upload.asset
    course = db.session.get_one(Course, upload.asset["course_id"])
    return course_archives.contents(course.draft_revision_id or 0).course


@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(about=ABOUT, modules=st.lists(MODULES, max_size=3))
def test_l1_any_course_comes_back_as_it_went(
    app: Flask, cast: Cast, about: dict[str, Any], modules: list[dict[str, Any]]
) -> None:
    text = {"format": "lectern-course", "version": 1, "course": about, "modules": modules, "media": []}
    once = taken_in(cast.owner, zipped(text))
    assert once.title == about["title"].strip()
    assert len(once.modules) == len(modules)
    assert taken_in(cast.owner, zipped(course_json(once))) == once
    assert read_course(course_json(once)) == once
