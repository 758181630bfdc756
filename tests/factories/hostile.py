"""Files that are not what they say, each built when it is asked for; and canaries that tell when somebody bites."""

import ctypes
import gzip
import io
import os
import struct
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

from backoffice.integrations.video.ffmpeg import find_ffmpeg
from tests.factories.media import picture_bytes, video_bytes

SCRIPT = b"<html><script>document.title = 'hostile'</script></html>"
_IN_OPEN = 0x20


class Opened:
    """Tells whether a file was opened by anybody on this machine."""

    def __init__(self, *paths: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle = self._libc.inotify_init1(os.O_NONBLOCK)
        for path in paths:
            if self._libc.inotify_add_watch(self._handle, os.fsencode(path), _IN_OPEN) < 0:
                raise OSError(ctypes.get_errno(), f"cannot watch {path}")

    def since_last_asked(self) -> bool:
        """Whether there was an opening; forgets it."""
        try:
            return bool(os.read(self._handle, 64 * 1024))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Stop watching."""
        os.close(self._handle)


@dataclass(frozen=True)
class Canary:
    """What hostile files try to reach: a web server that counts, a file elsewhere, and a file beside the upload."""

    url: str
    requests: list[str]
    file: Path
    neighbour: Path
    opened: Opened

    def bitten(self) -> bool:
        """Whether anything was reached since this was last asked."""
        reached = bool(self.requests) or self.opened.since_last_asked()
        self.requests.clear()
        return reached


@contextmanager
def canary(elsewhere: Path, beside: Path) -> Iterator[Canary]:
    """A canary whose files are playable videos in these two folders."""
    requests: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            return

    file, neighbour = elsewhere / "secret.mp4", beside / "neighbour.mp4"
    for path in (file, neighbour):
        path.write_bytes(video_bytes())
    opened = Opened(file, neighbour)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Canary(f"http://127.0.0.1:{server.server_port}", requests, file, neighbour, opened)
    finally:
        server.shutdown()
        server.server_close()
        opened.close()


def playlist_of(address: str) -> bytes:
    """An HLS playlist of one segment."""
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{address}\n#EXT-X-ENDLIST\n".encode()


def concat_of(*addresses: str) -> bytes:
    """A list of ffmpeg's concat demuxer."""
    return b"ffconcat version 1.0\n" + b"".join(f"file '{address}'\n".encode() for address in addresses)


def dash_of(address: str) -> bytes:
    """A DASH manifest of one segment."""
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" minBufferTime="PT1S"'
        ' mediaPresentationDuration="PT3S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000">'
        f"<BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ).encode()


def svg_of(address: str) -> bytes:
    """A picture with a script that shows another file."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="640" height="360">'
        f'<script>alert(1)</script><image width="640" height="360" xlink:href="{address}"/></svg>'
    ).encode()


@cache
def encoded(name: str, *arguments: str) -> bytes:
    """What ffmpeg makes of these arguments."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        subprocess.run([str(find_ffmpeg()), "-v", "error", *arguments, str(path)], check=True)
        return path.read_bytes()


def box(kind: bytes, content: bytes) -> bytes:
    """A box of MP4."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def patched(data: bytes, kind: bytes, change: Callable[[bytearray, int], None]) -> bytes:
    """The file with a change behind the first box of this kind; `change` gets the place behind the kind."""
    changed = bytearray(data)
    change(changed, changed.index(kind) + 4)
    return bytes(changed)


def hours_apart() -> bytes:
    """A few pictures, each of which is to be shown for hours."""

    def stretch(data: bytearray, at: int) -> None:
        for entry in range(struct.unpack_from(">I", data, at + 4)[0]):
            struct.pack_into(">I", data, at + 12 + 8 * entry, 2**29)

    return patched(video_bytes(), b"stts", stretch)


def endless_samples() -> bytes:
    """A table that says it has two thousand million entries."""

    def claim(data: bytearray, at: int) -> None:
        struct.pack_into(">II", data, at + 4, 1, 0x7FFFFFFF)

    return patched(video_bytes(), b"stsz", claim)


def giant(side: int = 10000) -> bytes:
    """A video of pictures of a hundred million points."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "giant.jpg"
        Image.new("L", (side, side)).save(picture)
        source = ["-f", "image2", "-loop", "1", "-framerate", "1", "-t", "2", "-i", str(picture)]
        return encoded("giant.mov", *source, "-c:v", "copy")


def many_streams() -> bytes:
    """A picture with 33 sound tracks."""
    sources = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=2", "-f", "lavfi", "-i", "anullsrc=d=2"]
    return encoded("many.mkv", *sources, "-map", "0", *["-map", "1"] * 33, "-c:v", "mpeg4", "-c:a", "aac")


def zip_bomb() -> bytes:
    """Twenty kilobytes that become 20 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../lecture.mp4", bytes(20 * 1024 * 1024))
    return buffer.getvalue()


def gzip_bomb() -> bytes:
    """The same in another wrapping."""
    return gzip.compress(bytes(20 * 1024 * 1024))


def picture_bomb() -> bytes:
    """144 million points in a PNG of some kilobytes."""
    buffer = io.BytesIO()
    Image.new("1", (12000, 12000)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def picture_with_script() -> bytes:
    """A GIF that a browser which sniffs would take for a page."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(picture_bytes())) as picture:
        picture.save(buffer, "GIF", comment=SCRIPT)
    return buffer.getvalue()


def video_with_script() -> bytes:
    """An MP4 whose second box is a page, and whose title is another."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2", "-c:v", "libx264", "-preset", "ultrafast"]
    data = bytearray(encoded("title.mp4", *source, "-metadata", f"title={SCRIPT.decode()}"))
    page, behind_the_first = box(b"free", SCRIPT), struct.unpack_from(">I", data)[0]
    chunks = data.index(b"stco") + 4
    for entry in range(struct.unpack_from(">I", data, chunks + 4)[0]):
        at = chunks + 8 + 4 * entry
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(page))
    return bytes(data[:behind_the_first]) + page + bytes(data[behind_the_first:])


def video_with_archive() -> bytes:
    """A video to those who read from the start, a zip to those who read from the end."""
    return video_bytes() + zip_bomb()
