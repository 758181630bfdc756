"""What a file really is: read whole in the sandbox, judged here."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backoffice.integrations.video import sandbox
from backoffice.integrations.video.sniff import demuxer_of

CHILD = Path(__file__).with_name("probe_child.py")
MAX_PIXELS = 4096 * 2304

_PICTURE = (
    "h264 hevc vp8 vp9 av1 mpeg4 mpeg2video mpeg1video mjpeg prores dnxhd theora flv1 h263 "
    "wmv1 wmv2 wmv3 vc1 msmpeg4v2 msmpeg4v3 ffv1"
)
_SOUND = (
    "aac mp3 mp2 opus vorbis flac alac ac3 eac3 wmav1 wmav2 wmapro amr_nb amr_wb "
    "pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_f32le pcm_u8 pcm_alaw pcm_mulaw "
    "adpcm_ms adpcm_ima_wav"
)
_NO_PICTURE: dict[str, Any] = {"index": None, "codec": None, "width": 0, "height": 0, "aspect": 1.0, "fps": 0.0}
VIDEO_CODECS, AUDIO_CODECS = frozenset(_PICTURE.split()), frozenset(_SOUND.split())


class VideoRefused(Exception):
    """The file is at fault and stays so: `code` is stable and for the author, `detail` is for the operator."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What is taken: lengths in seconds, sizes in pixels, shares of the declared length."""

    min_duration_s: float = 1.0
    max_duration_s: float = 12 * 3600.0
    max_pixels: int = MAX_PIXELS
    max_side: int = 8192
    max_streams: int = 32
    max_fps: float = 240.0
    min_packets_per_s: float = 0.1
    present_share: float = 0.95
    present_slack_s: float = 1.0


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """One accepted file. Width and height are as a viewer sees them (rotated, square pixels); `rotation` is in degrees
    counter-clockwise; `fps` is the average; `damaged_packets` is a warning, not a refusal.

    Sound alone is a lecture too: without a picture `video_stream` and `video_codec` are None, sizes and `fps` 0."""

    demuxer: str
    duration_s: float
    width: int
    height: int
    fps: float
    video_codec: str | None
    video_stream: int | None
    has_audio: bool
    audio_codec: str | None
    audio_stream: int | None
    rotation: int
    key_frames: int
    damaged_packets: int
    size_bytes: int


def probe(path: Path, *, limits: VideoLimits | None = None) -> VideoInfo:
    """Facts about an uploaded video, all of its packets read. Raises `VideoRefused`, `sandbox.SandboxBroken`."""
    limits = limits or VideoLimits()
    demuxer = demuxer_of(path)
    if demuxer is None:
        raise VideoRefused("not_a_video", "no known container signature")
    size_bytes = path.stat().st_size
    facts = _read(path, demuxer, size_bytes, limits)
    if "error" in facts:
        raise VideoRefused(facts["error"], facts["detail"])
    _judge(facts, limits)
    return _info(facts, demuxer, size_bytes)


def _read(path: Path, demuxer: str, size_bytes: int, limits: VideoLimits) -> dict[str, Any]:
    gib = size_bytes / sandbox.GIB
    rights = sandbox.Limits(
        wall_s=60 + 120 * gib, cpu_s=int(30 + 60 * gib), memory_bytes=sandbox.GIB, file_bytes=sandbox.MIB
    )
    lines: list[str] = []
    argv = [sys.executable, "-I", str(CHILD), str(path.absolute()), demuxer, str(limits.max_pixels)]
    try:
        ended = sandbox.run(argv, limits=rights, cwd=path.parent, on_line=lines.append)
    except sandbox.LimitExceeded as error:
        raise VideoRefused("too_heavy", str(error)) from error
    if ended.returncode < 0:
        raise VideoRefused("damaged", f"the reader died of signal {-ended.returncode}")
    if ended.returncode != 0 or not lines:
        raise sandbox.SandboxBroken(ended.stderr.strip())
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def _judge(facts: dict[str, Any], limits: VideoLimits) -> None:
    video, audio = facts["video"], facts["audio"]
    if facts["streams"] > limits.max_streams:
        raise VideoRefused("too_many_streams", f"{facts['streams']}")
    if video is None and audio is None:
        raise VideoRefused("nothing_to_play", "neither a video nor an audio stream")
    if video is not None:
        _judge_picture(video, limits)
    if audio is not None and audio["codec"] not in AUDIO_CODECS:
        raise VideoRefused("unsupported_codec", f"sound {audio['codec']}")
    if facts["packets"] == 0:
        raise VideoRefused("damaged", "no packet")
    _judge_length(facts, limits)
    if not facts["decoded"]:
        raise VideoRefused("damaged", "nothing could be decoded")


def _judge_picture(video: dict[str, Any], limits: VideoLimits) -> None:
    if video["codec"] not in VIDEO_CODECS:
        raise VideoRefused("unsupported_codec", f"video {video['codec']}")
    width, height = video["width"], video["height"]
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise VideoRefused("too_large_picture", f"{width}x{height}")
    if video["fps"] > limits.max_fps:
        raise VideoRefused("too_high_frame_rate", f"{video['fps']:g}")


def _judge_length(facts: dict[str, Any], limits: VideoLimits) -> None:
    length_s, declared_s, present_s = facts["length_s"], facts["declared_s"], facts["present_s"]
    if max(length_s, declared_s) > limits.max_duration_s:
        raise VideoRefused("too_long", f"{max(length_s, declared_s):.0f} s")
    if present_s < limits.present_share * declared_s - limits.present_slack_s:
        raise VideoRefused("truncated", f"{present_s:.1f} of {declared_s:.1f} s present")
    if length_s < limits.min_duration_s:
        raise VideoRefused("too_short", f"{length_s:.2f} s")
    if facts["packets"] < limits.min_packets_per_s * length_s:
        raise VideoRefused("too_few_pictures", f"{facts['packets']} packets for {length_s:.0f} s")


def _info(facts: dict[str, Any], demuxer: str, size_bytes: int) -> VideoInfo:
    video, audio = facts["video"] or _NO_PICTURE, facts["audio"]
    width, height = round(video["width"] * video["aspect"]), video["height"]
    if facts["rotation"] % 180 != 0:
        width, height = height, width
    return VideoInfo(
        demuxer=demuxer,
        duration_s=facts["length_s"],
        width=width,
        height=height,
        fps=video["fps"],
        video_codec=video["codec"],
        video_stream=video["index"],
        has_audio=audio is not None,
        audio_codec=None if audio is None else audio["codec"],
        audio_stream=None if audio is None else audio["index"],
        rotation=facts["rotation"],
        key_frames=facts["key_frames"],
        damaged_packets=facts["damaged"],
        size_bytes=size_bytes,
    )
