"""Is there anything to see and to hear, and how loud is it: for the checks on videos, and for the ladder (C-4, L-3)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backoffice.integrations.video import loudness, sandbox
from backoffice.integrations.video.ffmpeg import hostile_input
from backoffice.integrations.video.loudness import Loudness
from backoffice.integrations.video.probe import VideoInfo, VideoRefused

_DARK_PICTURE_PERCENT = 98
_MIN_PICTURES = 10
_LONGEST_KEY_FRAME_GAP_S = 60
_DIGITAL_SILENCE_DB = -90.0
_MEASURE_DARKNESS = "scale=160:-2,blackframe=amount=0:threshold=32,metadata=print:key=lavfi.blackframe.pblack:file=-"
_DARKNESS = re.compile(r"lavfi\.blackframe\.pblack=(\d+)")
_VOLUME = re.compile(r"mean_volume: (-?[\d.]+|-inf) dB")


@dataclass(frozen=True, slots=True)
class VideoTechnique:
    """`black_share` is 0…1 of the pictures looked at, None where there are none to look at; `mean_volume_db` is dBFS,
    None without a sound track or for digital silence. `has_picture`, `has_sound` compare them with the given
    thresholds."""

    has_picture: bool
    has_sound: bool
    black_share: float | None
    mean_volume_db: float | None
    loudness: Loudness | None


def inspect(
    source: Path,
    info: VideoInfo,
    *,
    ffmpeg: Path,
    black_share_max: float = 0.9,
    silence_db: float = -60.0,
    on_wake: Callable[[], None] | None = None,
) -> VideoTechnique:
    """Look at the key frames (at one picture per second where they are rare) and hear the whole sound track.

    `on_wake` is called five times a second meanwhile. Raises `VideoRefused` when the file cannot be read to its end.
    """
    pictures: list[bool] = []

    def note(line: str) -> None:
        if dark := _DARKNESS.match(line):
            pictures.append(int(dark[1]) >= _DARK_PICTURE_PERCENT)

    report = _pass(source, info, ffmpeg, note, on_wake)
    if not pictures and info.video_stream is not None:
        raise VideoRefused("damaged", "no picture could be decoded")
    black_share = sum(pictures) / len(pictures) if pictures else None
    volumes = [float(volume) for volume in _VOLUME.findall(report)]
    volume = volumes[-1] if volumes and volumes[-1] > _DIGITAL_SILENCE_DB else None
    return VideoTechnique(
        has_picture=black_share is not None and black_share <= black_share_max,
        has_sound=volume is not None and volume > silence_db,
        black_share=black_share,
        mean_volume_db=volume,
        loudness=loudness.read_report(report),
    )


def _pass(
    source: Path,
    info: VideoInfo,
    ffmpeg: Path,
    on_line: Callable[[str], None],
    on_wake: Callable[[], None] | None,
) -> str:
    """One run over the file: a line per picture to `on_line`, the report on the sound comes back."""
    enough = max(_MIN_PICTURES, info.duration_s / _LONGEST_KEY_FRAME_GAP_S)
    by_keys = info.video_stream is not None and info.key_frames >= enough
    picked, pick = (["-skip_frame:v", "nokey"], "") if by_keys else ([], "fps=1:round=up,")
    argv = [str(ffmpeg), "-nostats", *picked, *hostile_input(source, info)]
    if info.video_stream is not None:
        argv += ["-map", f"0:{info.video_stream}", "-filter:v", f"{pick}{_MEASURE_DARKNESS}"]
    if info.audio_stream is not None:
        argv += ["-map", f"0:{info.audio_stream}", "-filter:a", f"volumedetect,{loudness.MEASURE}"]
    rights = sandbox.Limits(
        wall_s=120 + 10 * info.duration_s,
        cpu_s=int(60 + 2 * info.duration_s),
        memory_bytes=2 * sandbox.GIB,
        file_bytes=0,
    )
    try:
        ended = sandbox.run(
            [*argv, "-f", "null", "-"], limits=rights, cwd=source.parent, on_line=on_line, on_wake=on_wake
        )
    except sandbox.LimitExceeded as error:
        raise VideoRefused("too_heavy", str(error)) from error
    if ended.returncode != 0:
        raise VideoRefused("damaged", ended.stderr.strip()[-500:])
    return ended.stderr
