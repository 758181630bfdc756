"""A long video in pieces: chunks of the picture and the whole sound are coded apart, then joined without coding again.

Each chunk starts on the grid of the key frames and holds the very pictures that one process would have put there.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from backoffice.integrations.video import hls, joints, ladder
from backoffice.integrations.video.ffmpeg import hostile_input
from backoffice.integrations.video.hls import TranscodeFailed, VideoAsset
from backoffice.integrations.video.joints import SOUND_FILE, Made
from backoffice.integrations.video.ladder import LadderSettings, Rung
from backoffice.integrations.video.loudness import Leveling
from backoffice.integrations.video.probe import VideoInfo

# Their index leads to the key frame before any second; in other containers ffmpeg may land behind it.
SEEKABLE = frozenset({"mov", "matroska"})
_US = 1_000_000
# Copying what is coded already is bound by the disk.
_COPY_WALL_S_PER_S, _COPY_CPU_S_PER_S = 5.0, 1.0


def can_be_divided(info: VideoInfo) -> bool:
    """Whether there are pictures, and a chunk of them can be found in this file without reading all before it."""
    return info.video_stream is not None and info.demuxer in SEEKABLE


def count(info: VideoInfo, chunk_s: int) -> int:
    """How many chunks of about `chunk_s` seconds, a multiple of the segment's length; the last one takes the rest."""
    return max(1, round(info.duration_s / chunk_s))


@dataclass(frozen=True, slots=True)
class Span:
    """What one chunk covers: its first picture and the one after its last, counted in the whole video; the last chunk
    has no `end` and goes on as long as there are pictures. `lead_s`: how far it starts behind the key frames' grid."""

    first: int
    end: int | None
    rate: Fraction
    lead_s: Fraction

    @property
    def start_s(self) -> Fraction:
        """When the first picture is shown."""
        return self.first / self.rate

    @property
    def pictures(self) -> int | None:
        """How many, where that is known beforehand."""
        return None if self.end is None else self.end - self.first

    def length_s(self, whole_s: float) -> float:
        """Seconds, in a video of `whole_s`."""
        end_s = whole_s if self.end is None else float(self.end / self.rate)
        return max(end_s - float(self.start_s), 1.0)


def span(info: VideoInfo, position: int, many: int, chunk_s: int) -> Span:
    """The chunk at `position` of `many`, from 0 on."""
    rate = ladder.frame_rate(info)
    first, end = (math.ceil(number * chunk_s * rate) for number in (position, position + 1))
    lead_s = first / rate - position * chunk_s
    return Span(first, None if position == many - 1 else end, rate, lead_s)


class _Counting(hls.Progress):
    """Also knows how many pictures were written."""

    pictures = 0

    def line(self, line: str) -> None:
        """Take a line of ffmpeg's report."""
        name, _, value = line.partition("=")
        if name == "frame" and value.isdigit():
            self.pictures = int(value)
        super().line(line)


def make_chunk(
    source: Path,
    info: VideoInfo,
    part: Span,
    out_dir: Path,
    *,
    ffmpeg: Path,
    settings: LadderSettings,
    on_progress: Callable[[int], None],
) -> int:
    """Code all rungs of one chunk into the folder, `720p.nut` and so on; returns how many pictures each has.

    `on_progress` as in `hls.transcode`. Raises `TranscodeFailed`, `sandbox.SandboxBroken`.
    """
    rungs = ladder.plan(info, settings.rungs)
    argv = [str(ffmpeg), "-v", "error"]
    if part.first:
        # From the key frame before: what was shown when the chunk begins is shown on, however long ago it came.
        argv += ["-noaccurate_seek", "-ss", f"{float(part.start_s):.6f}"]
    argv += [*hostile_input(source, info), "-filter_complex", ladder.graph(info, rungs, part.pictures)]
    argv += ladder.NOTHING_ELSE
    for number, rung in enumerate(rungs):
        argv += ["-map", f"[v{number}]", "-maxrate:v", f"{rung.most_kbit}k", "-bufsize:v", f"{2 * rung.most_kbit}k"]
        argv += [*ladder.picture_coding(info, part.lead_s), "-map_metadata", "-1", "-f", "nut", f"{rung.name}.nut"]
    shown = replace(info, duration_s=part.length_s(info.duration_s))
    progress = _Counting(shown, on_progress)
    hls.run_ffmpeg(argv, shown, out_dir, settings, progress)
    _check_count(progress.pictures, part, shown.duration_s)
    return progress.pictures


def _check_count(pictures: int, part: Span, length_s: float) -> None:
    wanted = part.pictures
    missing = pictures != wanted if wanted is not None else pictures == 0
    if missing:
        detail = f"{pictures} pictures of {wanted or round(length_s * part.rate)} from {float(part.start_s):.2f} s on"
        raise TranscodeFailed("incomplete_output", detail)


def make_sound(
    source: Path,
    info: VideoInfo,
    out_dir: Path,
    *,
    ffmpeg: Path,
    settings: LadderSettings,
    leveling: Leveling,
    on_progress: Callable[[int], None],
) -> None:
    """Code the whole sound track into the folder. Raises as `make_chunk` does."""
    argv = [str(ffmpeg), "-v", "error", *hostile_input(source, info), *ladder.sound_coding(info, leveling), "-vn"]
    argv += [*ladder.NOTHING_ELSE, "-f", "mp4", SOUND_FILE]
    hls.run_ffmpeg(argv, info, out_dir, settings, hls.Progress(info, on_progress))
    if not (out_dir / SOUND_FILE).is_file():
        raise TranscodeFailed("incomplete_output", "no sound was written")


def join(
    made: Made,
    info: VideoInfo,
    out_dir: Path,
    *,
    chunk_s: int,
    ffmpeg: Path,
    settings: LadderSettings,
    leveling: Leveling,
    on_progress: Callable[[int], None],
) -> VideoAsset:
    """Make the asset of all chunks in the empty folder, and prove that nothing of it is missing.

    Every picture is counted, stands at its time, and each key frame on its grid. Raises as `hls.transcode` does.
    """
    rungs = ladder.plan(info, settings.rungs)
    copy(made, info, out_dir, rungs, chunk_s=chunk_s, ffmpeg=ffmpeg, settings=settings, on_progress=on_progress)
    progress = hls.Progress(info, on_progress)
    joints.prove(made, info, out_dir, [rung.name for rung in rungs], on_wake=progress.beat)
    return hls.finish(out_dir, info, rungs, ffmpeg=ffmpeg, settings=settings, leveling=leveling, progress=progress)


def copy(
    made: Made,
    info: VideoInfo,
    out_dir: Path,
    rungs: tuple[Rung, ...],
    *,
    chunk_s: int,
    ffmpeg: Path,
    settings: LadderSettings,
    on_progress: Callable[[int], None],
) -> None:
    """Write the chunks' rungs one behind the other, and the sound, as HLS into the folder."""
    argv = [str(ffmpeg), "-v", "error", "-nostdin"]
    for rung in rungs:
        listed = out_dir / f"{rung.name}.txt"
        listed.write_text(_listing([folder for folder, _ in made.chunks], rung, info, chunk_s))
        argv += ["-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i", listed.name]
    if made.sound is not None:
        argv += ["-protocol_whitelist", "file", "-f", "mov", "-i", f"file:{made.sound / SOUND_FILE}"]
    for number in range(len(rungs) + (made.sound is not None)):
        argv += ["-map", str(number)]
    argv += ["-c", "copy", *ladder.NOTHING_ELSE, *ladder.packaging(rungs, has_audio=made.sound is not None)]
    rights = replace(settings, wall_s_per_s=_COPY_WALL_S_PER_S, cpu_s_per_s=_COPY_CPU_S_PER_S)
    hls.run_ffmpeg(argv, info, out_dir, rights, hls.Progress(info, on_progress))
    for rung in rungs:
        (out_dir / f"{rung.name}.txt").unlink()


def _listing(folders: Sequence[Path], rung: Rung, info: VideoInfo, chunk_s: int) -> str:
    """Where each chunk begins is said to the microsecond, so that no rounding adds up over hundreds of them."""
    lines = ["ffconcat version 1.0"]
    for position, folder in enumerate(folders):
        part = span(info, position, position + 2, chunk_s)
        ends, starts = (round(moment * _US) for moment in ((part.end or 0) / part.rate, part.start_s))
        lines += [f"file 'file:{folder / rung.name}.nut'", f"duration {ends - starts}us"]
    # Without a length the last one may be as long as it is.
    return "\n".join(lines[:-1]) + "\n"
