"""From an accepted upload to a folder that plays: HLS ladder, poster, storyboard, manifest (C-4)."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backoffice.integrations.video import ladder, playlists, sandbox, stills
from backoffice.integrations.video.ladder import LadderSettings, Rung
from backoffice.integrations.video.loudness import UNTOUCHED, Leveling
from backoffice.integrations.video.playlists import MediaPlaylist, PlaylistBroken
from backoffice.integrations.video.probe import VideoInfo

PROGRESS_EVERY_S = 1.0
_FULL_BYTES = sandbox.MIB
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
    """What stands in the folder; names are relative to it, renditions largest first, sizes in bytes.

    Sound alone has no renditions of a picture and no storyboard. `leveling` is what was done to the loudness."""

    master: str
    poster: str
    storyboard: str | None
    duration_s: float
    has_audio: bool
    sound_only: bool
    leveling: Leveling
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
    leveling: Leveling = UNTOUCHED,
    on_progress: Callable[[int], None] = lambda percent: None,
) -> VideoAsset:
    """Make the whole asset in the empty folder `out_dir`; what a failed run leaves there is the caller's to delete.

    `on_progress` gets 0…100, at most once a second and also while nothing moves, so it serves as the heartbeat.
    Raises `TranscodeFailed`, `sandbox.SandboxBroken`, and whatever `on_progress` raises (the run is killed then).
    """
    settings = settings or LadderSettings()
    rungs = ladder.plan(info, settings.rungs)
    progress = Progress(info, on_progress)
    run_ffmpeg(ladder.command(ffmpeg, source, info, rungs, leveling), info, out_dir, settings, progress)
    asset = finish(out_dir, info, rungs, ffmpeg=ffmpeg, settings=settings, leveling=leveling, progress=progress)
    on_progress(100)
    return asset


def finish(
    out_dir: Path,
    info: VideoInfo,
    rungs: tuple[Rung, ...],
    *,
    ffmpeg: Path,
    settings: LadderSettings,
    leveling: Leveling,
    progress: "Progress",
) -> VideoAsset:
    """Prove that the ladder in the folder is whole, and add what is made of it. Raises `TranscodeFailed`."""
    pictures, sound, bandwidths = _read_back(out_dir, info, rungs)
    _check_lengths(info, pictures or sound)
    _make_stills(ffmpeg, out_dir, info, rungs, pictures or sound, _Stills(settings, progress))
    made = sorted(out_dir.iterdir())
    return VideoAsset(
        master=ladder.MASTER,
        poster=stills.POSTER,
        storyboard=stills.STORYBOARD if rungs else None,
        duration_s=(pictures or sound)[0].duration_s,
        has_audio=info.has_audio,
        sound_only=not rungs,
        leveling=leveling,
        renditions=tuple(
            Rendition(r.name, r.width, r.height, p.name, p.file, bandwidths[p.name], p.size_bytes)
            for r, p in zip(rungs, pictures, strict=True)
        ),
        files=tuple(path.name for path in made),
        size_bytes=sum(path.stat().st_size for path in made),
    )


def _read_back(
    out_dir: Path, info: VideoInfo, rungs: tuple[Rung, ...]
) -> tuple[list[MediaPlaylist], list[MediaPlaylist], dict[str, int]]:
    """The playlists of pictures and of the sound, and bits per second by name, read from what was written."""
    try:
        pictures = [playlists.finish_media(out_dir / f"{rung.name}.m3u8") for rung in rungs]
        sound = [playlists.finish_media(out_dir / f"{ladder.AUDIO_RENDITION}.m3u8")] if info.has_audio else []
        rate = ladder.frame_rate(info) if rungs else None
        return pictures, sound, playlists.finish_master(out_dir / ladder.MASTER, rate)
    except PlaylistBroken as error:
        raise TranscodeFailed(_code(out_dir, "incomplete_output"), str(error)) from error


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
        raise TranscodeFailed(
            _code(out_dir, "ffmpeg_failed"), ended.stderr.strip()[-2000:] or f"exit status {ended.returncode}"
        )


def _code(out_dir: Path, otherwise: str) -> str:
    """Why an output is not whole. The muxer says nothing and reports success when the disk is full: the disk tells."""
    return "disk_full" if shutil.disk_usage(out_dir).free < _FULL_BYTES else otherwise


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


@dataclass(frozen=True, slots=True)
class _Stills:
    """Runs of ffmpeg over our own renditions: little work, little room."""

    settings: LadderSettings
    progress: Progress

    def make(self, name: str, argv: list[str], out_dir: Path, duration_s: float) -> None:
        rights = sandbox.Limits(
            wall_s=300 + duration_s,
            cpu_s=int(60 + 0.2 * duration_s),
            memory_bytes=self.settings.memory_bytes,
            file_bytes=20 * sandbox.MIB,
        )
        try:
            ended = sandbox.run(argv, limits=rights, cwd=out_dir, on_wake=self.progress.beat)
        except sandbox.LimitExceeded as error:
            raise TranscodeFailed("out_of_limits", f"{name}: {error}") from error
        if ended.returncode != 0 or not (out_dir / name).is_file():
            raise TranscodeFailed(_code(out_dir, "ffmpeg_failed"), f"{name}: {ended.stderr.strip()[-2000:]}")


def _make_stills(
    ffmpeg: Path, out_dir: Path, info: VideoInfo, rungs: tuple[Rung, ...], made: list[MediaPlaylist], runs: _Stills
) -> None:
    """The poster, and for a picture that moves the storyboard from the smallest rendition."""
    duration_s = made[0].duration_s
    if not rungs:
        runs.make(stills.POSTER, stills.waveform_command(ffmpeg, made[0].file), out_dir, duration_s)
        return
    fits = (n for n, rung in enumerate(rungs) if min(rung.width, rung.height) <= stills.POSTER_SHORT_SIDE)
    chosen = made[next(fits, len(rungs) - 1)]
    runs.make(stills.POSTER, stills.poster_command(ffmpeg, chosen.file, chosen.duration_s), out_dir, duration_s)
    board = stills.plan_storyboard(rungs[-1], duration_s, ladder.frame_rate(info))
    runs.make(board.sheets[-1], stills.storyboard_command(ffmpeg, made[-1].file, board), out_dir, duration_s)
    (out_dir / stills.STORYBOARD).write_text(stills.storyboard_track(board, duration_s))
