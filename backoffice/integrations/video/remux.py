"""One ordinary MP4 out of the products of a video: picture and sound are copied, nothing is encoded again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backoffice.integrations.video import sandbox

# Copying reads and writes: a slow disk does a MiB in a second.
_WALL_S_PER_MIB = 1.0
_SPARE_BYTES = 50 * sandbox.MIB


class RemuxFailed(Exception):
    """ffmpeg could not put the products together; for the operator."""


def best_files(asset: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the products that are worth keeping: the largest picture, and the sound where it is a file apart."""
    pictures = {rendition["file"] for rendition in asset["renditions"]}
    sounds = [name for name in asset["files"] if name.endswith((".mp4", ".m4s")) and name not in pictures]
    best = [asset["renditions"][0]["file"]] if asset["renditions"] else []
    return (*best, *(sounds[:1] if asset["has_audio"] else []))


def join(sources: list[Path], out: Path, *, ffmpeg: Path) -> None:
    """Put our own products (picture, sound) together in `out`. Raises `RemuxFailed`, `sandbox.SandboxBroken`."""
    size = sum(source.stat().st_size for source in sources)
    argv = [str(ffmpeg), "-v", "error", "-nostdin"]
    for source in sources:
        argv += ["-protocol_whitelist", "file", "-f", "mov", "-i", f"file:{source.absolute()}"]
    for number, _source in enumerate(sources):
        argv += ["-map", str(number)]
    argv += ["-c", "copy", "-movflags", "+faststart", "-f", "mp4", f"file:{out.absolute()}"]
    rights = sandbox.Limits(
        wall_s=60 + _WALL_S_PER_MIB * size / sandbox.MIB,
        cpu_s=60 + size // (20 * sandbox.MIB),
        memory_bytes=sandbox.GIB,
        file_bytes=2 * size + _SPARE_BYTES,
    )
    try:
        ended = sandbox.run(argv, limits=rights, cwd=out.parent)
    except sandbox.LimitExceeded as error:
        raise RemuxFailed(str(error)) from error
    if ended.returncode != 0:
        raise RemuxFailed(ended.stderr.strip()[-2000:] or f"exit status {ended.returncode}")
