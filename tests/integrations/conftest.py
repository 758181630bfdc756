"""Real media files, made once per run by ffmpeg, and Stripe on this machine."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backoffice.integrations.payments.stripe import StripePayments
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from tests.integrations.stripe_front import SECRET_KEY, WEBHOOK_SECRET, Front, running_stripe

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s={size}:r=30:d=3"]
SOUND = ["-f", "lavfi", "-i", "sine=f=440:d=3"]
ENCODED = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15", "-movflags", "+faststart"]

MakeVideo = Callable[..., Path]


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return find_ffmpeg()


@pytest.fixture(scope="session")
def make_video(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeVideo:
    """`make_video("name.mp4", ffmpeg arguments…)`: each file is made once."""
    folder = tmp_path_factory.mktemp("videos")

    def make(name: str, *arguments: str) -> Path:
        path = folder / name
        if not path.exists():
            subprocess.run([str(ffmpeg), "-v", "error", "-y", *arguments, str(path)], check=True, cwd=folder)
        return path

    return make


@pytest.fixture(scope="session")
def good_video(make_video: MakeVideo) -> Path:
    """Three seconds, 320×180, 30 frames per second, with a tone."""
    return make_video("good.mp4", *picture("320x180"), *SOUND, *ENCODED, "-c:a", "aac")


def picture(size: str) -> list[str]:
    return [part.format(size=size) for part in PICTURE]


@pytest.fixture(scope="session")
def stripe_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Stripe on this machine."""
    with running_stripe(tmp_path_factory.mktemp("stripe")) as front:
        yield front


@pytest.fixture
def stripe(stripe_server: Front) -> Front:
    """The same, with no key known."""
    stripe_server.answers.clear()
    return stripe_server


@pytest.fixture
def provider(stripe: Front) -> StripePayments:
    """The adapter that talks to it."""
    return StripePayments(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, url=stripe.url)
