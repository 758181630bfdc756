"""A course that every check likes, to be spoiled one detail at a time."""

from dataclasses import replace
from typing import Any

from backoffice.integrations.checks.model import (
    CourseSnapshot,
    LectureSnapshot,
    ModuleSnapshot,
    QuestionSnapshot,
    VideoSnapshot,
)

GOOD_VIDEO = VideoSnapshot(
    state="done", duration_s=300, width=1280, height=720, has_sound=True, black_share=0.02, mean_volume_db=-21.5
)
GOOD_QUESTION = QuestionSnapshot(
    node_id=31, text="How many strings has a violin?", options=("Four", "Six"), right_count=1
)
TEXT_LECTURE = LectureSnapshot(
    node_id=21,
    title="The parts of a violin",
    kind="text",
    body="The body, the neck, the bridge.",
    questions=(GOOD_QUESTION,),
)
VIDEO_LECTURE = LectureSnapshot(node_id=22, title="Holding the bow", kind="video", video=GOOD_VIDEO)
MODULE = ModuleSnapshot(node_id=11, title="First steps", lectures=(TEXT_LECTURE, VIDEO_LECTURE))
COURSE = CourseSnapshot(
    title="Violin for beginners",
    short_description="From the first note to your first melody in six weeks.",
    description=(
        "You will learn to hold the instrument and the bow, to tune the strings, to read notes and to play ten simple"
        " melodies. Every lecture ends with an exercise of five minutes."
    ),
    requirements="A violin, nothing else.",
    language="en",
    level="beginner",
    category="Music",
    skills=("Violin",),
    cover_ready=True,
    modules=(MODULE,),
)


def course(**changes: Any) -> CourseSnapshot:
    """The good course with some of its fields changed."""
    return replace(COURSE, **changes)


def course_with_lecture(**changes: Any) -> CourseSnapshot:
    """The good course whose text lecture is changed."""
    lectures = (replace(TEXT_LECTURE, **changes), VIDEO_LECTURE)
    return replace(COURSE, modules=(replace(MODULE, lectures=lectures),))


def course_with_video(**changes: Any) -> CourseSnapshot:
    """The good course whose video is changed."""
    lectures = (TEXT_LECTURE, replace(VIDEO_LECTURE, video=replace(GOOD_VIDEO, **changes)))
    return replace(COURSE, modules=(replace(MODULE, lectures=lectures),))


def course_with_question(**changes: Any) -> CourseSnapshot:
    """The good course whose question is changed."""
    return course_with_lecture(questions=(replace(GOOD_QUESTION, **changes),))
