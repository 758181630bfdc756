"""Runs as a script inside the sandbox, never imported: reads every packet of one video and prints the facts as JSON.

argv: path, demuxer, most pixels that may be decoded. Knows av alone (importing the app here would cost a second and a
hundred megabytes), judges nothing: that is for `probe`. Prints `{"error": …, "detail": …}` when it cannot be read.
"""

import json
import sys
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.frame import Frame
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

DECODE_AT_MOST_PACKETS = 300


def main(path: str, demuxer: str, max_pixels: int) -> dict[str, object]:
    options = {"protocol_whitelist": "file", "format_whitelist": demuxer}
    with av.open(f"file:{path}", format=demuxer, options=options) as container:
        video = first_picture(container)
        audio = next(iter(container.streams.audio), None)
        facts: dict[str, object] = {
            "streams": len(container.streams),
            "video": None if video is None else describe(video),
            "audio": None
            if audio is None
            else {"index": audio.index, "codec": audio.codec_context.codec.canonical_name},
        }
        leading = video or audio
        if leading is not None:
            decodable = video is None or 0 < video.width * video.height <= max_pixels
            facts |= read_packets(container, leading, decodable)
            if demuxer == "mp3" and not tells_its_length(path):
                facts["declared_s"] = 0.0
        return facts


def first_picture(container: InputContainer) -> VideoStream | None:
    """The first video stream that moves: a cover picture of a sound file is a video stream too."""
    moving = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
    return next(moving, None)


def describe(video: VideoStream) -> dict[str, object]:
    aspect = video.sample_aspect_ratio
    return {
        "index": video.index,
        "codec": video.codec_context.codec.canonical_name,
        "width": video.width,
        "height": video.height,
        "aspect": float(aspect) if aspect else 1.0,
        "fps": float(video.average_rate or video.guessed_rate or 0),
    }


def read_packets(container: InputContainer, leading: VideoStream | AudioStream, decodable: bool) -> dict[str, object]:
    """Count and time all packets; decode the first picture (or sound) alone, for its rotation and as proof."""
    leading.codec_context.thread_count = 1
    spans: dict[int, list[float]] = {}
    counts = {"packets": 0, "key_frames": 0, "damaged": 0}
    frame: Frame | None = None
    try:
        for packet in container.demux():
            if packet.size == 0:
                continue
            widen(spans, packet)
            if packet.stream_index != leading.index:
                continue
            counts["packets"] += 1
            counts["key_frames"] += packet.is_keyframe
            counts["damaged"] += packet.is_corrupt
            if decodable and frame is None and counts["packets"] <= DECODE_AT_MOST_PACKETS:
                frame = first_frame(packet, counts)
        if decodable and frame is None:
            frame = next(iter(leading.codec_context.decode(None)), None)
    except av.error.FFmpegError:
        counts["damaged"] += 1
    # The zero of ffmpeg's own clock, so that this is the length of what it will write.
    origin = (container.start_time or 0) / av.time_base
    return counts | {
        "decoded": frame is not None,
        "rotation": frame.rotation if isinstance(frame, VideoFrame) else 0,
        "length_s": spans.get(leading.index, [origin, origin])[1] - origin,
        **declared(container, leading, spans),
    }


def tells_its_length(path: str) -> bool:
    """Whether an MP3 has a header with its length; without one libavformat guesses, by the rate of the first frame."""
    with open(path, "rb") as file:
        head = file.read(10)
        if head.startswith(b"ID3"):
            size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
            file.seek(10 + size)
        first_frame_bytes = file.read(256)
    return any(mark in first_frame_bytes for mark in (b"Xing", b"Info", b"VBRI"))


def first_frame(packet: "Packet[Any]", counts: dict[str, int]) -> Frame | None:
    try:
        return next(iter(packet.decode()), None)
    except av.error.FFmpegError:
        counts["damaged"] += 1
        return None


def widen(spans: dict[int, list[float]], packet: "Packet[Any]") -> None:
    stamp = packet.pts if packet.pts is not None else packet.dts
    if stamp is None or packet.time_base is None:
        return
    start = float(stamp * packet.time_base)
    end = start + float((packet.duration or 0) * packet.time_base)
    span = spans.setdefault(packet.stream_index, [start, end])
    span[0], span[1] = min(span[0], start), max(span[1], end)


def declared(
    container: InputContainer, leading: VideoStream | AudioStream, spans: dict[int, list[float]]
) -> dict[str, float]:
    """How long the file says it is and how much of that was there, seconds; it may say nothing (0)."""
    if leading.duration and leading.time_base:
        start, end = spans.get(leading.index, [0.0, 0.0])
        return {"declared_s": float(leading.duration * leading.time_base), "present_s": end - start}
    if not spans:
        return {"declared_s": (container.duration or 0) / av.time_base, "present_s": 0.0}
    present = max(end for _, end in spans.values()) - min(start for start, _ in spans.values())
    return {"declared_s": (container.duration or 0) / av.time_base, "present_s": present}


def answer(path: str, demuxer: str, max_pixels: str) -> dict[str, object]:
    try:
        return main(path, demuxer, int(max_pixels))
    except MemoryError as error:
        return {"error": "too_heavy", "detail": str(error)}
    except Exception as error:  # whatever hostile bytes provoke is an answer about the file
        return {"error": "damaged", "detail": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(*sys.argv[1:])) + "\n")
