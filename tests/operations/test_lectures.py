"""Watching and reading: P-1, P-2, P-5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.errors import DomainError, NotAllowed
from backoffice.operations import lectures, purchases
from tests.factories.courses import live_course
from tests.factories.learning import enrolment_of, lectures_of, make_video, own, without_questions
from tests.factories.people import Cast

LENGTH = 100
spans = st.lists(st.tuples(st.floats(-5, 120), st.floats(-5, 120)), max_size=12)


def _seen(merged: list[list[float]]) -> float:
    return sum(end - start for start, end in merged)


@given(spans)
def test_p5_merged_spans_are_sorted_apart_and_within_the_video(given_spans: list[tuple[float, float]]) -> None:
    merged = lectures.merge(given_spans, LENGTH)
    edges = [edge for span in merged for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= LENGTH for edge in edges)
    assert 0 <= _seen(merged) <= LENGTH


@given(spans, spans)
def test_p5_watching_more_never_takes_away(before: list[tuple[float, float]], after: list[tuple[float, float]]) -> None:
    first = lectures.merge(before, LENGTH)
    both = lectures.merge([*((start, end) for start, end in first), *after], LENGTH)
    # One rounding of a tenth at each edge.
    assert _seen(both) >= _seen(first) - 0.2 * (len(first) + 1)


def test_p5_a_video_is_completed_when_nine_tenths_were_really_watched(cast: Cast) -> None:
    course = live_course(cast.owner)
    without_questions(course.live_revision_id)
    lecture = lectures_of(course.live_revision_id)[0]
    make_video(lecture, cast.owner, seconds=LENGTH)
    own(cast.student, course)
    watched = []
    for position, span in (
        (100, (95.0, 100.0)),
        (50, (0.0, 50.0)),
        (60, (0.0, 60.0)),
        (90, (60.0, 84.9)),
        (90, (60, 85)),
    ):
        kept = lectures.watch(
            actor=cast.student,
            course_id=course.id,
            lecture_node_id=lecture.node_id,
            position_s=position,
            spans=[span],
        )
        watched.append(kept.completed_at is not None)
    assert watched == [False, False, False, False, True]
    assert kept.watched == [[0.0, 85.0], [95.0, 100.0]]
    assert kept.position_s == 90
    assert enrolment_of(cast.student, course).progress_floor == 50


def test_p5_a_text_is_completed_by_hand_and_a_video_is_not(cast: Cast) -> None:
    course = live_course(cast.owner)
    without_questions(course.live_revision_id)
    text, video = lectures_of(course.live_revision_id)
    make_video(video, cast.owner)
    own(cast.student, course)
    first = lectures.mark_read(actor=cast.student, course_id=course.id, lecture_node_id=text.node_id).completed_at
    again = lectures.mark_read(actor=cast.student, course_id=course.id, lecture_node_id=text.node_id).completed_at
    assert first is not None
    assert again == first
    with pytest.raises(DomainError) as refused:
        lectures.mark_read(actor=cast.student, course_id=course.id, lecture_node_id=video.node_id)
    assert refused.value.code == "lecture.not_a_text"
    with pytest.raises(DomainError) as refused:
        lectures.watch(actor=cast.student, course_id=course.id, lecture_node_id=text.node_id, position_s=1, spans=[])
    assert refused.value.code == "lecture.not_a_video"
    assert enrolment_of(cast.student, course).progress_floor == 50


@pytest.mark.parametrize("who", ["owner", "other_author", "other_student", "moderator", "admin", "visitor"])
def test_p1_only_students_of_the_course_leave_traces(cast: Cast, who: str) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    lecture = lectures_of(course.live_revision_id)[0]
    with pytest.raises(NotAllowed):
        lectures.mark_read(actor=getattr(cast, who), course_id=course.id, lecture_node_id=lecture.node_id)


def test_m4_giving_back_ends_access(cast: Cast) -> None:
    course = live_course(cast.owner)
    purchases.refund(actor=cast.student, purchase_id=own(cast.student, course).id)
    lecture = lectures_of(course.live_revision_id)[0]
    with pytest.raises(NotAllowed):
        lectures.mark_read(actor=cast.student, course_id=course.id, lecture_node_id=lecture.node_id)
