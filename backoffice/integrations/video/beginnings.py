"""What can be watched of a video before all of it is ready: playlists that say that they will grow (T-5)."""

from itertools import pairwise
from pathlib import Path

from backoffice.integrations.video import ladder
from backoffice.integrations.video.playlists import read_media

_END = "#EXT-X-ENDLIST"
# Else players begin where the video ends for now, as they would with a broadcast.
_FROM_THE_START = "#EXT-X-START:TIME-OFFSET=0"


def open_ended(folder: Path, rung: str, *, has_audio: bool) -> None:
    """Make a finished ladder of one rung say that more is to come, with no more sound than there is picture.

    Raises `PlaylistBroken`.
    """
    picture = read_media(folder / f"{rung}.m3u8")
    _leave_open(folder / picture.name, picture.duration_s)
    if has_audio:
        _leave_open(folder / f"{ladder.AUDIO_RENDITION}.m3u8", picture.duration_s)


def _leave_open(path: Path, length_s: float) -> None:
    kept: list[str] = []
    at_s = 0.0
    for line in path.read_text().splitlines():
        if line == _END:
            break
        if line.startswith("#EXTINF:"):
            if at_s >= length_s:
                break
            at_s += float(line[8:].split(",")[0])
        kept.append(line)
    path.write_text("\n".join(kept) + "\n")


def playlist_as_it_is(path: Path) -> str | None:
    """The text of a playlist that may be in the middle of being written; None when there is nothing to play yet."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return None
    if path.name == ladder.MASTER:
        named = any(line.startswith("#EXT-X-STREAM-INF") and uri for line, uri in pairwise(lines))
        return "\n".join(lines) + "\n" if named else None
    last = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].endswith(".m4s")), None)
    if last is None:
        return None
    if _END in lines:
        return "\n".join(lines) + "\n"
    return "\n".join([lines[0], _FROM_THE_START, *lines[1 : last + 1]]) + "\n"
