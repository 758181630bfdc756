"""Which container a file is, by its first bytes alone: the name and type that the browser sent are not evidence."""

from pathlib import Path

HEAD_BYTES = 1024
_MOV_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_TS_PACKET_BYTES = 188
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


def demuxer_of(path: Path) -> str | None:
    """The demuxer to force on this file, or None when it is none of the containers that we take.

    Forcing is the defence: left to guess, ffmpeg opens playlists, concat lists and SVG that name other files.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[4:8] in _MOV_BOXES:
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(b"FLV\x01"):
        return "flv"
    if head.startswith(_ASF_HEADER):
        return "asf"
    if head.startswith(b"OggS\x00"):
        return "ogg"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    if _is_mp3(head):
        return "mp3"
    return "mpegts" if _is_transport_stream(head) else None


def _is_mp3(head: bytes) -> bool:
    """Tags, or a frame of layer III."""
    return head.startswith(b"ID3") or (head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE6 == 0xE2)


def _is_transport_stream(head: bytes) -> bool:
    """Four sync bytes at the distance of packets; a camera's variant puts four bytes of time before each."""
    return any(
        all(head[first + n * size : first + n * size + 1] == b"\x47" for n in range(4))
        for first, size in ((0, _TS_PACKET_BYTES), (4, _TS_PACKET_BYTES + 4))
    )
