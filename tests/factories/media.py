"""Real files of tests, and a browser that uploads them by tus."""

import io
import subprocess
import tempfile
from base64 import b64encode
from functools import cache
from pathlib import Path

from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from backoffice.access import Actor
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from tests.factories.people import log_in

TUS = {"Tus-Resumable": "1.0.0"}


@cache
def video_bytes(seconds: int = 3, size: str = "320x180") -> bytes:
    """An MP4 with a moving picture and a tone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        sources = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=30:d={seconds}"]
        sources += ["-f", "lavfi", "-i", f"sine=f=440:d={seconds}"]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
        subprocess.run([str(find_ffmpeg()), "-v", "error", *sources, *coded, str(path)], check=True)
        return path.read_bytes()


@cache
def picture_bytes(width: int = 1280, height: int = 720) -> bytes:
    """A PNG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


class Uploader:
    """A logged-in browser with tus-js-client in it."""

    def __init__(self, client: FlaskClient, actor: Actor) -> None:
        self.client = log_in(client, actor)

    def create(self, size: int, *, kind: str = "video", filename: str = "lecture.mp4") -> TestResponse:
        """Announce a file."""
        metadata = f"filename {b64encode(filename.encode()).decode()},kind {b64encode(kind.encode()).decode()}"
        return self.client.post("/uploads", headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata})

    def append(self, location: str, offset: int, data: bytes, **changes: str) -> TestResponse:
        """Send a piece."""
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **changes}
        return self.client.patch(location, headers=headers, data=data)

    def offset(self, location: str) -> int:
        """Ask how much is there."""
        return int(self.client.head(location, headers=TUS).headers["Upload-Offset"])

    def send(self, data: bytes, *, kind: str = "video", pieces: int = 3, filename: str = "lecture.mp4") -> str:
        """The whole way in pieces; the upload's id."""
        location = self.create(len(data), kind=kind, filename=filename).headers["Location"]
        step = -(-len(data) // pieces)
        for start in range(0, len(data), step):
            answer = self.append(location, start, data[start : start + step])
            assert answer.status_code == 204, answer.text
        return location.rsplit("/", 1)[-1]
