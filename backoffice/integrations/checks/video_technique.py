"""Can every video be seen and heard? It judges what the pipeline measured (C-4, L-3)."""

from collections.abc import Iterator
from functools import partial

from backoffice.integrations.checks.model import (
    Check,
    CourseSnapshot,
    Finding,
    LectureSnapshot,
    Place,
    Severity,
    Thresholds,
    VideoSnapshot,
)

ID, VERSION = "video_technique", 2


def _run(snapshot: CourseSnapshot, thresholds: Thresholds) -> list[Finding]:
    return [
        finding
        for lecture in snapshot.lectures()
        if lecture.kind == "video" and lecture.video is not None
        for finding in _video(lecture, lecture.video, thresholds)
    ]


def _video(lecture: LectureSnapshot, video: VideoSnapshot, thresholds: Thresholds) -> Iterator[Finding]:
    place = Place("video", lecture.node_id)
    found = partial(Finding, check=ID, version=VERSION, place=place, params={"title": lecture.title.strip() or "?"})
    if video.state == "failed":
        error = {"title": lecture.title.strip() or "?", "error_code": video.error_code or "unknown"}
        yield found(code="video_failed", severity=Severity.BLOCK, params=error)
    # Not known is not good: a person looks at what the pipeline has not told.
    elif video.state != "done":
        yield found(code="video_in_work", severity=Severity.FLAG)
    elif video.duration_s is None:
        yield found(code="video_not_ready", severity=Severity.FLAG)
    else:
        yield from _sound_only(found) if video.sound_only else _picture(video, thresholds, found)
        yield from _sound(video, thresholds, found)


def _sound_only(found: "partial[Finding]") -> Iterator[Finding]:
    yield found(code="video_sound_only", severity=Severity.INFO)


def _picture(video: VideoSnapshot, thresholds: Thresholds, found: "partial[Finding]") -> Iterator[Finding]:
    lines = min(video.width or 0, video.height or 0)
    if not lines:
        yield found(code="video_no_picture", severity=Severity.BLOCK)
        return
    if lines < thresholds.min_picture_lines:
        small = partial(found, measured=lines, threshold=thresholds.min_picture_lines)
        yield small(code="video_small", severity=Severity.INFO)
    if video.black_share is None:
        yield found(code="video_not_ready", severity=Severity.FLAG)
        return
    measured = round(100 * video.black_share)
    for code, severity, share in (
        ("video_black", Severity.BLOCK, thresholds.black_share_block),
        ("video_partly_black", Severity.FLAG, thresholds.black_share_flag),
    ):
        if video.black_share > share:
            yield found(code=code, severity=severity, measured=measured, threshold=round(100 * share))
            return


def _sound(video: VideoSnapshot, thresholds: Thresholds, found: "partial[Finding]") -> Iterator[Finding]:
    volume = video.mean_volume_db
    if volume is None:
        yield found(code="video_no_sound", severity=Severity.BLOCK)
    elif not video.has_sound or volume <= thresholds.silence_db:
        yield found(code="video_silent", severity=Severity.BLOCK, measured=volume, threshold=thresholds.silence_db)
    elif volume < thresholds.quiet_db:
        yield found(code="video_quiet", severity=Severity.INFO, measured=volume, threshold=thresholds.quiet_db)


CHECK = Check(ID, VERSION, _run)
