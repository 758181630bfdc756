"""Reads back what ffmpeg wrote, to prove that it is whole."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_STREAM = re.compile(r"#EXT-X-STREAM-INF:.*\bBANDWIDTH=(\d+)")
_BYTES = re.compile(r'#EXT-X-(?:MAP:.*BYTERANGE="|BYTERANGE:)(\d+)@(\d+)')
# What a playlist names: a line of its own, or an attribute of a tag.
_NAMED = re.compile(r'^(?!#)\S+$|(?<=URI=")[^"]+', re.MULTILINE)
PLAYLIST_SUFFIX = ".m3u8"


class PlaylistBroken(Exception):
    """A playlist does not describe its file from the first byte to the last."""


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """One rendition as written: length in seconds, segment lengths, the one file behind it and its size."""

    name: str
    file: str
    duration_s: float
    segments_s: tuple[float, ...]
    size_bytes: int


def read_media(path: Path) -> MediaPlaylist:
    """The media playlist at `path`, checked against its single file. Raises `PlaylistBroken`."""
    if not path.is_file():
        raise PlaylistBroken(f"{path.name} was not written")
    lines = path.read_text().splitlines()
    if "#EXT-X-ENDLIST" not in lines:
        raise PlaylistBroken(f"{path.name} has no end")
    segments = tuple(float(line[8:].split(",")[0]) for line in lines if line.startswith("#EXTINF:"))
    files = {line for line in lines if line and not line.startswith("#")}
    if len(files) != 1 or not segments:
        raise PlaylistBroken(f"{path.name} names {len(files)} files in {len(segments)} segments")
    file = path.with_name(files.pop())
    end = 0
    for match in filter(None, map(_BYTES.match, lines)):
        if int(match[2]) != end:
            raise PlaylistBroken(f"{path.name} jumps from byte {end} to {match[2]}")
        end += int(match[1])
    size = file.stat().st_size if file.is_file() else -1
    if end != size:
        raise PlaylistBroken(f"{path.name} covers {end} bytes of {size}")
    return MediaPlaylist(path.name, file.name, sum(segments), segments, size)


def finish_media(path: Path) -> MediaPlaylist:
    """As `read_media`, and from now on the playlist says that it will not grow any more."""
    media = read_media(path)
    path.write_text(path.read_text().replace("#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-PLAYLIST-TYPE:VOD"))
    return media


def finish_master(path: Path, rate: Fraction | None) -> dict[str, int]:
    """Add the frame rate that ffmpeg leaves out (sound has none); answers bits per second by media playlist name."""
    if not path.is_file():
        raise PlaylistBroken(f"{path.name} was not written")
    bandwidths: dict[str, int] = {}
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if stream := _STREAM.match(line):
            bandwidths[lines[number + 1]] = int(stream[1])
            lines[number] = line if rate is None else f"{line},FRAME-RATE={float(rate):.3f}"
    path.write_text("\n".join(lines) + "\n")
    return bandwidths


def with_addresses(playlist: str, address: Callable[[str], str]) -> str:
    """The same playlist with `address(name)` for each file that it names; other playlists keep their names."""

    def replace(found: re.Match[str]) -> str:
        return found[0] if found[0].endswith(PLAYLIST_SUFFIX) else address(found[0])

    return _NAMED.sub(replace, playlist)
