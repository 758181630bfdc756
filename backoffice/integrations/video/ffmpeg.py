"""Where ffmpeg is, whether it can do what we need, and how it is told to open hostile input."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from backoffice.integrations.video import sandbox
from backoffice.integrations.video.probe import MAX_PIXELS, VideoInfo

_NEEDED = {
    "-encoders": ("libx264", "aac", "mjpeg"),
    "-muxers": ("hls",),
    "-filters": ("ebur128", "alimiter", "blackframe", "volumedetect", "thumbnail", "tile", "showwavespic"),
}
_ASKING = sandbox.Limits(wall_s=30, cpu_s=10, memory_bytes=2 * sandbox.GIB, file_bytes=0)


class FfmpegMissing(Exception):
    """No ffmpeg on this machine: neither the one asked for, nor the wheel's, nor one on the PATH."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the machine. `code`: `missing_encoder`, `missing_muxer`, `missing_filter`, `not_running`,
    `no_network_namespace`; only the last leaves the pipeline usable."""

    code: str
    detail: str
    fatal: bool = True


def find_ffmpeg(binary: str | None = None) -> Path:
    """The binary to use: the one asked for, else the wheel's, else the PATH's. Raises `FfmpegMissing`."""
    wanted = binary
    if not wanted:
        try:
            wanted = imageio_ffmpeg.get_ffmpeg_exe()  # searches the PATH after its own
        except RuntimeError as error:
            raise FfmpegMissing("no ffmpeg in the wheel imageio-ffmpeg nor on the PATH") from error
    found = shutil.which(wanted)
    if found is None:
        raise FfmpegMissing(f"{wanted} is not a program")
    return Path(found).absolute()


def doctor(ffmpeg: Path) -> tuple[Problem, ...]:
    """What would make transcoding fail on this machine; empty when all is well."""
    problems = [*_isolation(ffmpeg)]
    for flag, names in _NEEDED.items():
        try:
            listed = _words(ffmpeg, flag)
        except (sandbox.LimitExceeded, sandbox.SandboxBroken) as error:
            return (*problems, Problem("not_running", str(error)))
        kind = flag.strip("-").removesuffix("s")
        problems += [Problem(f"missing_{kind}", name) for name in names if name not in listed]
    return tuple(problems)


def _words(ffmpeg: Path, flag: str) -> set[str]:
    words: set[str] = set()
    argv = [str(ffmpeg), "-hide_banner", flag]
    ended = sandbox.run(
        argv, limits=_ASKING, cwd=Path(tempfile.gettempdir()), on_line=lambda line: words.update(line.split()[1:2])
    )
    if ended.returncode != 0:
        raise sandbox.SandboxBroken(ended.stderr.strip() or f"exit status {ended.returncode}")
    return words


def _isolation(ffmpeg: Path) -> list[Problem]:
    strict = sandbox.Limits(wall_s=30, cpu_s=10, memory_bytes=2 * sandbox.GIB, file_bytes=0, network_must_be_cut=True)
    try:
        sandbox.run([str(ffmpeg), "-version"], limits=strict, cwd=Path(tempfile.gettempdir()))
    except sandbox.SandboxBroken as error:
        return [Problem("no_network_namespace", str(error), fatal=False)]
    return []


def hostile_input(source: Path, info: VideoInfo) -> list[str]:
    """Arguments that open an uploaded file and nothing else, and read no further than it was probed to be."""
    return [
        *("-nostdin", "-hide_banner", "-protocol_whitelist", "file", "-format_whitelist", info.demuxer),
        *("-max_pixels", str(MAX_PIXELS), "-t", f"{info.duration_s + 5:.3f}", "-f", info.demuxer),
        *("-i", f"file:{source.absolute()}"),
    ]
