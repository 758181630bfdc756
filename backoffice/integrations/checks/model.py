"""What automatic moderation looks at, what it measures by and what it finds (L-3). No database, no clock, no files."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

EXCERPT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSnapshot:
    """A lecture's upload. `state` is an upload's state; the measures are None until it is `done`.

    `duration_s` in seconds, `width` and `height` in pixels, `black_share` 0…1 of the pictures looked at,
    `mean_volume_db` in dBFS and None without a sound track or for digital silence; with `sound_only` there is no
    picture to judge.
    """

    state: str
    error_code: str | None = None
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    sound_only: bool = False
    has_sound: bool = False
    black_share: float | None = None
    mean_volume_db: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSnapshot:
    """A question (C-5): its options in order, and how many of them are right."""

    node_id: int
    text: str
    options: tuple[str, ...]
    right_count: int
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSnapshot:
    """A file for download (C-4): the title that is shown, its own name, bytes, and its upload's id and state."""

    node_id: int
    title: str
    filename: str
    size: int
    upload_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LectureSnapshot:
    """A lecture (C-4). `kind` is `video` or `text`; `body` is Markdown."""

    node_id: int
    title: str
    kind: str
    body: str = ""
    video: VideoSnapshot | None = None
    questions: tuple[QuestionSnapshot, ...] = ()
    resources: tuple[ResourceSnapshot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentSnapshot:
    """An assignment of a module (C-3); `body` is Markdown."""

    node_id: int
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleSnapshot:
    """A module (C-3) with its lectures and assignments in order."""

    node_id: int
    title: str
    lectures: tuple[LectureSnapshot, ...] = ()
    assignments: tuple[AssignmentSnapshot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSnapshot:
    """All content of one submitted revision. `language` is a code such as `ru`; `description` is Markdown."""

    title: str
    short_description: str
    description: str
    requirements: str
    language: str
    level: str
    category: str | None
    skills: tuple[str, ...]
    cover_ready: bool
    modules: tuple[ModuleSnapshot, ...] = ()

    def lectures(self) -> Iterator[LectureSnapshot]:
        """All lectures in reading order."""
        for module in self.modules:
            yield from module.lectures


class Severity(StrEnum):
    """BLOCK returns the course to the author, FLAG brings it to a moderator, INFO is advice."""

    BLOCK = "block"
    FLAG = "flag"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was found. Without `node_id`: a field of the course itself, and without `field` the whole course.

    `start` and `end` count characters of the field as the author wrote it; `second` counts from the video's start.
    """

    field: str | None = None
    node_id: int | None = None
    start: int | None = None
    end: int | None = None
    second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found. `params` fills the placeholders of the message beside `measured`, `threshold` and
    `excerpt`; all of it is plain JSON data."""

    check: str
    version: int
    code: str
    severity: Severity
    place: Place = Place()
    excerpt: str = ""
    measured: float | None = None
    threshold: float | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.excerpt) > EXCERPT_MAX:
            object.__setattr__(self, "excerpt", self.excerpt[: EXCERPT_MAX - 1] + "…")

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON column; `from_json` gives the equal finding back."""
        return asdict(self) | {"severity": self.severity.value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Finding":
        """The finding that `to_json` wrote. Raises TypeError or ValueError on anything else."""
        return cls(**(data | {"severity": Severity(data["severity"]), "place": Place(**data["place"])}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Every number that a course is measured by; settings override it, and each verdict stores it with `asdict`."""

    min_lectures: int = 2
    min_minutes: int = 0
    words_per_minute: int = 200  # how texts count towards min_minutes
    min_options: int = 2

    title_min_chars: int = 5
    title_max_chars: int = 90
    short_description_min_chars: int = 20
    short_description_max_chars: int = 250
    description_min_words: int = 20

    black_share_block: float = 0.9
    black_share_flag: float = 0.5
    silence_db: float = -60.0
    quiet_db: float = -40.0
    min_picture_lines: int = 360  # the shorter side, so that upright videos are not called small

    own_hosts: tuple[str, ...] = ()  # links to these, and below them, are ours
    findings_per_place: int = 10  # of one code and severity; a text of a thousand links says no more than one of ten


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of look at a course. `version` rises with every change of its rules: verdicts stay comparable."""

    id: str
    version: int
    run: Callable[[CourseSnapshot, Thresholds], list[Finding]]
