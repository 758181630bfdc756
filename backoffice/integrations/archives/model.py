"""What an archive says of a course. Files are named by their place in the archive; order is the order of the lists."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from backoffice.models.content import LectureKind, Level
from backoffice.money import Money

FORMAT = "lectern-course"
VERSION = 1
COURSE_ENTRY = "course.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedOption:
    """An answer option (C-5)."""

    text: str
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedQuestion:
    """A question (C-5)."""

    text: str
    options: tuple[ArchivedOption, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedLecture:
    """A lecture (C-4); `video` names a file."""

    title: str
    kind: LectureKind
    body: str = ""
    video: str | None = None
    free_preview: bool = False
    questions: tuple[ArchivedQuestion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedModule:
    """A module (C-3)."""

    title: str
    lectures: tuple[ArchivedLecture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedFile:
    """A file beside the text: its place in the archive, the name that people see, bytes, SHA-256 in hex."""

    file: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedCourse:
    """A course (C-1). Category and skills are slugs of the catalogues, the language is ISO 639-1; `cover` is a file."""

    title: str
    short_description: str = ""
    description: str = ""
    requirements: str = ""
    category: str | None = None
    level: Level = Level.ALL
    language: str
    skills: tuple[str, ...] = ()
    cover: str | None = None
    includes_certificate: bool = False
    access_days: int | None = None
    price: Money | None = None
    modules: tuple[ArchivedModule, ...] = ()
    media: tuple[ArchivedFile, ...] = ()


def with_files(course: ArchivedCourse, renamed: Callable[[str], str | None]) -> ArchivedCourse:
    """The same course with each reference to a file exchanged: names for ids on the way in, ids for names out."""

    def lecture(one: ArchivedLecture) -> ArchivedLecture:
        return replace(one, video=renamed(one.video) if one.video else None)

    modules = tuple(
        replace(module, lectures=tuple(lecture(one) for one in module.lectures)) for module in course.modules
    )
    return replace(course, cover=renamed(course.cover) if course.cover else None, modules=modules)


def files_of_videos(course: ArchivedCourse) -> set[str]:
    """What lectures refer to."""
    return {lecture.video for module in course.modules for lecture in module.lectures if lecture.video}
