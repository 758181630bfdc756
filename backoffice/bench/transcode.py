"""A lecture through the pipeline against one plain run of ffmpeg for the same ladder, in one process and in chunks.

What the pipeline makes besides the ladder (it reads the file through, looks and listens, takes a poster) is measured
apart. Walls are from the end of the checks to the end of the upload; whole seconds of others' work are in them.
"""

import os
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backoffice.access import Actor
from backoffice.bench import crew
from backoffice.bench.cpu import tree_cpu_s
from backoffice.bench.report import Measure
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage.house import part_path, storage
from backoffice.integrations.video import hls, ladder
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.loudness import UNTOUCHED
from backoffice.integrations.video.probe import VideoInfo, probe
from backoffice.integrations.video.technique import inspect
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.models.timeline import Transition
from backoffice.operations import uploads
from backoffice.queries.health import missing
from backoffice.queries.media import upload_status

SECONDS = 300
ROUNDS = 1
SIZE = "1280x720"
CHUNK_S = 120
GOAL_ONE, GOAL_CHUNKED, GOAL_WALL = 1.05, 1.15, 1.1
PATIENCE_S = 7200.0
# Slides that change every 20 s, and somebody who moves in a corner.
_LECTURE = (
    *("-f", "lavfi", "-i", f"testsrc2=s={SIZE}:r=1/20:d={SECONDS}", "-f", "lavfi", "-i"),
    *(f"testsrc2=s=320x180:r=30:d={SECONDS}", "-f", "lavfi", "-i", f"anoisesrc=a=0.1:c=pink:d={SECONDS}"),
    *("-filter_complex", "[0]fps=30[slides];[slides][1]overlay=x=W-w-20:y=H-h-20[v]", "-map", "[v]", "-map", "2"),
    *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-t", str(SECONDS)),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds and seconds on the clock."""

    cpu_s: float
    wall_s: float


def measure() -> tuple[Measure, ...]:
    """CPU and wall of one process and of chunks over two workers, as multiples of the plain run."""
    ffmpeg = find_ffmpeg(settings().ffmpeg_binary or None)
    author = crew.new_author()
    plain: list[Cost] = []
    one: list[Cost] = []
    chunked: list[Cost] = []
    with tempfile.TemporaryDirectory(dir=settings().var_dir) as name:
        folder = Path(name)
        source = folder / "lecture.mp4"
        subprocess.run([str(ffmpeg), "-v", "error", *_LECTURE, str(source)], check=True)
        info = probe(source)
        for _round in range(ROUNDS):
            plain.append(_plain(source, info, ffmpeg, folder))
            one.append(_pipeline(author, source, workers=1, VIDEO_CHUNK_ABOVE_MINUTES="10000"))
            chunked.append(_pipeline(author, source, workers=2, VIDEO_CHUNK_ABOVE_MINUTES="0"))
            plain.append(_plain(source, info, ffmpeg, folder))
        apart = _apart(source, info, ffmpeg, folder)
    return _measures(plain, one, chunked, apart)


def _measures(plain: list[Cost], one: list[Cost], chunked: list[Cost], apart: float) -> tuple[Measure, ...]:
    cpu_s, wall_s = _medians(plain)
    one_cpu_s, one_wall_s = _medians(one)
    chunked_cpu_s, chunked_wall_s = _medians(chunked)
    beside = (
        f"plain ffmpeg {cpu_s:.1f} s of CPU and {wall_s:.0f} s, {SECONDS} s of {SIZE}; checks and poster {apart:.1f} s"
    )

    def measured(name: str, value: float, unit: str, goal: float, mine: str) -> Measure:
        return Measure(
            name=f"transcode_{name}",
            value=round(value, 3),
            unit=unit,
            goal=f"<= {goal:g} times",
            ok=value <= goal,
            compared_with=f"{mine}; {beside}",
        )

    return (
        measured("cpu", (one_cpu_s - apart) / cpu_s, "times the CPU", GOAL_ONE, f"one process {one_cpu_s:.1f} s"),
        measured(
            "chunks_cpu",
            (chunked_cpu_s - apart) / cpu_s,
            "times the CPU",
            GOAL_CHUNKED,
            f"chunks of {CHUNK_S} s over 2 workers {chunked_cpu_s:.1f} s",
        ),
        measured(
            "chunks_wall",
            chunked_wall_s / wall_s,
            "times the wall",
            GOAL_WALL,
            f"chunks over 2 workers {chunked_wall_s:.0f} s, one process {one_wall_s:.0f} s",
        ),
    )


def _medians(costs: list[Cost]) -> tuple[float, float]:
    return statistics.median(cost.cpu_s for cost in costs), statistics.median(cost.wall_s for cost in costs)


def _plain(source: Path, info: VideoInfo, ffmpeg: Path, folder: Path) -> Cost:
    """The same ladder by one run of ffmpeg that nobody watches, as nice as those of the workers."""
    with tempfile.TemporaryDirectory(dir=folder) as out_dir:
        argv = ladder.command(ffmpeg, source, info, ladder.plan(info, _ladder().rungs))
        began = time.monotonic()
        process = subprocess.Popen(["nice", "-n", "10", *argv], cwd=out_dir, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError("the plain run of ffmpeg failed")
        return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - began)


def _pipeline(author: Actor, source: Path, *, workers: int, **environment: str) -> Cost:
    """An upload from its last byte to its end, by a relay and media workers that have started before."""
    environment |= {"VIDEO_CHUNK_SECONDS": str(CHUNK_S)}
    with crew.running(crew.RELAY, *[crew.MEDIA_WORKER] * workers, **environment) as (_relay, *crew_pids):
        crew.wait_until(lambda: not {"relay", "worker:media"} & set(missing()), within_s=120)
        time.sleep(3)
        # The same file would be made only once: an empty box at its end makes each another one.
        other = b"\x00\x00\x00\x10free" + secrets.token_bytes(8)
        size = source.stat().st_size + len(other)
        upload = uploads.begin(actor=author, kind=UploadKind.VIDEO, filename="lecture.mp4", size=size)
        part_path(upload.id).write_bytes(source.read_bytes() + other)
        before_s = sum(map(tree_cpu_s, crew_pids))
        uploads.receive(actor=author, upload_id=upload.id, offset=upload.size)
        crew.wait_until(lambda: _finished(upload.id), within_s=PATIENCE_S, step_s=0.5)
        cpu_s = sum(map(tree_cpu_s, crew_pids)) - before_s
    return Cost(cpu_s, _wall_s(upload.id))


def _finished(upload_id: str) -> bool:
    status = upload_status(upload_id)
    if status is None or status.state is UploadState.FAILED:
        raise RuntimeError(f"the upload failed: {status and status.error_code}")
    return status.state is UploadState.DONE


def _wall_s(upload_id: str) -> float:
    query = select(Transition.to_state, Transition.at).where(
        Transition.subject == Upload.__tablename__, Transition.subject_id == upload_id
    )
    at = {row.to_state: row.at for row in db.session.execute(query)}
    db.session.remove()
    return float((at[UploadState.DONE] - at[UploadState.TRANSCODING]).total_seconds())


def _apart(source: Path, info: VideoInfo, ffmpeg: Path, folder: Path) -> float:
    """CPU seconds of what the pipeline does besides the ladder, on the ladder that it has just made."""
    made = folder / "made"
    made.mkdir()
    newest = db.session.scalars(select(Upload.id).order_by(Upload.created_at.desc()).limit(1)).one()
    for key in storage().list(f"video/{newest}"):
        storage().fetch(key, made / key.rsplit("/", 1)[-1])
    rungs = ladder.plan(info, _ladder().rungs)
    silent = hls.Progress(info, lambda _percent: None)
    how: dict[str, Any] = {"ffmpeg": ffmpeg, "settings": _ladder(), "leveling": UNTOUCHED, "progress": silent}
    return (
        _own_cpu_s(lambda: probe(source))
        + _own_cpu_s(lambda: inspect(source, info, ffmpeg=ffmpeg))
        + _own_cpu_s(lambda: hls.finish(made, info, rungs, **how))
    )


def _own_cpu_s(deed: Callable[[], object]) -> float:
    before = os.times()
    deed()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def _ladder() -> LadderSettings:
    return LadderSettings(rungs=tuple(int(rung) for rung in settings().video_rungs.split(",")))
