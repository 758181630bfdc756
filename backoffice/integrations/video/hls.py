"""From an accepted upload to a folder that plays: HLS ladder, poster, manifest (C-4)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backoffice.integrations.video import ladder, playlists, sandbox
from backoffice.integrations.video.ladder import LadderSettings, Rung
from backoffice.integrations.video.playlists import MediaPlaylist, PlaylistBroken
from backoffice.integrations.video.probe import VideoInfo

POSTER = "poster.jpg"
POSTER_SHORT_SIDE = 720
PROGRESS_EVERY_S = 1.0
_LENGTH_SHARE, _LENGTH_SLACK_S = 0.02, 0.5


class TranscodeFailed(Exception):
    """The run went wrong and may be tried again. `code`: `ffmpeg_failed`, `out_of_limits`, `disk_full`,
    `incomplete_output`, `length_differs`; `detail` is for the operator."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Rendition:
    """One picture size: pixels, playlist and file names within the asset's folder, peak bits per second, bytes."""

    name: str
    width: int
    height: int
    playlist: str
    file: str
    bandwidth_bps: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class VideoAsset:
    """What stands in the folder; names are relative to it, renditions largest first, sizes in bytes."""

    master: str
    poster: str
    duration_s: float
    has_audio: bool
    renditions: tuple[Rendition, ...]
    files: tuple[str, ...]
    size_bytes: int


def transcode(
    source: Path,
    info: VideoInfo,
    out_dir: Path,
    *,
    ffmpeg: Path,
    settings: LadderSettings | None = None,
    on_progress: Callable[[int], None] = lambda percent: None,
) -> VideoAsset:
    """Make the whole asset in the empty folder `out_dir`; what a failed run leaves there is the caller's to delete.

    `on_progress` gets 0…100, at most once a second and also while nothing moves, so it serves as the heartbeat.
    Raises `TranscodeFailed`, `sandbox.SandboxBroken`, and whatever `on_progress` raises (the run is killed then).
    """
    settings = settings or LadderSettings()
    rungs = ladder.plan(info, settings.rungs)
    run_ffmpeg(ladder.command(ffmpeg, source, info, rungs), info, out_dir, settings, Progress(info, on_progress))
    asset = finish(out_dir, info, rungs, ffmpeg=ffmpeg, settings=settings)
    on_progress(100)
    return asset


def finish(
    out_dir: Path, info: VideoInfo, rungs: tuple[Rung, ...], *, ffmpeg: Path, settings: LadderSettings
) -> VideoAsset:
    """Prove that the ladder in the folder is whole, and add what is made of it. Raises `TranscodeFailed`."""
    try:
        pictures = [playlists.finish_media(out_dir / f"{rung.name}.m3u8") for rung in rungs]
        if info.has_audio:
            playlists.finish_media(out_dir / f"{ladder.AUDIO_RENDITION}.m3u8")
        bandwidths = playlists.finish_master(out_dir / ladder.MASTER, ladder.frame_rate(info))
    except PlaylistBroken as error:
        raise TranscodeFailed("incomplete_output", str(error)) from error
    _check_lengths(info, pictures)
    _make_poster(ffmpeg, out_dir, rungs, pictures, settings)
    made = sorted(out_dir.iterdir())
    return VideoAsset(
        master=ladder.MASTER,
        poster=POSTER,
        duration_s=pictures[0].duration_s,
        has_audio=info.has_audio,
        renditions=tuple(
            Rendition(r.name, r.width, r.height, p.name, p.file, bandwidths[p.name], p.size_bytes)
            for r, p in zip(rungs, pictures, strict=True)
        ),
        files=tuple(path.name for path in made),
        size_bytes=sum(path.stat().st_size for path in made),
    )


def run_ffmpeg(argv: list[str], info: VideoInfo, out_dir: Path, settings: LadderSettings, progress: "Progress") -> None:
    """Run to a good end within limits that grow with the length of the video. Raises `TranscodeFailed`."""
    most_bytes = int(50 * sandbox.MIB + (info.duration_s + 10) * 20_000_000 / 8)
    rights = sandbox.Limits(
        wall_s=120 + settings.wall_s_per_s * info.duration_s,
        cpu_s=int(60 + settings.cpu_s_per_s * info.duration_s),
        memory_bytes=settings.memory_bytes,
        file_bytes=most_bytes,
    )
    try:
        ended = sandbox.run(argv, limits=rights, cwd=out_dir, on_line=progress.line, on_wake=progress.beat)
    except sandbox.LimitExceeded as error:
        raise TranscodeFailed("out_of_limits", str(error)) from error
    if ended.returncode != 0:
        code = "disk_full" if "No space left on device" in ended.stderr else "ffmpeg_failed"
        raise TranscodeFailed(code, ended.stderr.strip()[-2000:] or f"exit status {ended.returncode}")


class Progress:
    """Turns ffmpeg's `key=value` lines into a percentage, told at most once a second and never 100."""

    def __init__(self, info: VideoInfo, tell: Callable[[int], None]) -> None:
        self._whole_us = max(info.duration_s, 0.001) * 1_000_000
        self._tell = tell
        self._percent = 0
        self._told_at = 0.0

    def line(self, line: str) -> None:
        """Take a line of ffmpeg's report."""
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit():
            self._percent = max(self._percent, min(99, int(100 * int(value) / self._whole_us)))

    def beat(self) -> None:
        """Tell the percentage when it is time again."""
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_EVERY_S:
            self._told_at = now
            self._tell(self._percent)


def _check_lengths(info: VideoInfo, pictures: list[MediaPlaylist]) -> None:
    tolerance_s = max(_LENGTH_SHARE * info.duration_s, _LENGTH_SLACK_S)
    for picture in pictures:
        if abs(picture.duration_s - info.duration_s) > tolerance_s:
            raise TranscodeFailed(
                "length_differs", f"{picture.name} has {picture.duration_s:.2f} s, the source {info.duration_s:.2f} s"
            )
    if len({picture.segments_s for picture in pictures}) != 1:
        raise TranscodeFailed("incomplete_output", "the renditions are cut at different times")


def _make_poster(
    ffmpeg: Path, out_dir: Path, rungs: tuple[Rung, ...], pictures: list[MediaPlaylist], settings: LadderSettings
) -> None:
    """A telling picture from around a third of the video, of our own rendition's key frames: near to free."""
    chosen = next((n for n, r in enumerate(rungs) if min(r.width, r.height) <= POSTER_SHORT_SIDE), len(rungs) - 1)
    source = pictures[chosen]
    argv = [
        *(str(ffmpeg), "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-skip_frame:v", "nokey"),
        *("-noaccurate_seek", "-ss", f"{source.duration_s * 0.3:.3f}", "-f", "mov", "-i", source.file),
        *(
            "-vf",
            "thumbnail=n=8,setpts=0,scale=out_range=pc,format=yuvj420p",
            "-frames:v",
            "1",
            "-q:v",
            "3",
            "-f",
            "image2",
        ),
        *("-update", "1", POSTER),
    ]
    rights = sandbox.Limits(wall_s=300, cpu_s=60, memory_bytes=settings.memory_bytes, file_bytes=20 * sandbox.MIB)
    try:
        ended = sandbox.run(argv, limits=rights, cwd=out_dir)
    except sandbox.LimitExceeded as error:
        raise TranscodeFailed("out_of_limits", f"poster: {error}") from error
    if ended.returncode != 0 or not (out_dir / POSTER).is_file():
        raise TranscodeFailed("ffmpeg_failed", f"poster: {ended.stderr.strip()[-2000:]}")
