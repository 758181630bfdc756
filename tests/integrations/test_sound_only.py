"""C-4: a lecture of sound alone: accepted as what it is, played in the same player, under a picture of its waves."""

from pathlib import Path

import av
import pytest
from PIL import Image

from backoffice.integrations.video.hls import transcode
from backoffice.integrations.video.probe import VideoRefused, probe
from backoffice.integrations.video.technique import inspect
from tests.integrations.conftest import SOUND, MakeVideo

WITH_COVER = ["-map", "0:a", "-map", "1:v", "-c:a", "libmp3lame", "-c:v", "mjpeg", "-disposition:v", "attached_pic"]


@pytest.mark.parametrize(
    ("name", "encoder", "demuxer"),
    [
        ("sound.mp3", "libmp3lame", "mp3"),
        ("untagged.mp3", "libmp3lame -id3v2_version 0 -write_xing 0", "mp3"),
        ("sound.m4a", "aac", "mov"),
        ("sound.mp4", "aac", "mov"),
        ("sound.ogg", "libvorbis", "ogg"),
        ("sound.opus", "libopus", "ogg"),
        ("sound.webm", "libopus", "matroska"),
    ],
)
def test_each_kind_of_sound_file_is_known(make_video: MakeVideo, name: str, encoder: str, demuxer: str) -> None:
    info = probe(make_video(name, *SOUND, "-c:a", *encoder.split()))
    assert (info.demuxer, info.video_stream, info.audio_stream) == (demuxer, None, 0)
    assert (info.width, info.height, info.rotation) == (0, 0, 0)
    assert info.duration_s == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("name", ["plain.mp3", "album.mp3"])
def test_it_plays_and_has_a_poster(
    make_video: MakeVideo, good_video: Path, tmp_path: Path, ffmpeg: Path, name: str
) -> None:
    """The cover picture of an album is no moving picture."""
    cover = make_video("cover.jpg", "-i", str(good_video), "-frames:v", "1", "-pix_fmt", "yuvj420p")
    with_cover = ["-i", str(cover), *WITH_COVER] if name == "album.mp3" else []
    source = make_video(name, *SOUND, *with_cover)
    info = probe(source)
    found = inspect(source, info, ffmpeg=ffmpeg)
    assert (found.has_picture, found.has_sound, found.black_share) == (False, True, None)
    asset = transcode(source, info, tmp_path, ffmpeg=ffmpeg)
    assert (asset.sound_only, asset.has_audio, asset.renditions, asset.storyboard) == (True, True, (), None)
    assert asset.files == ("audio.m3u8", "audio.m4s", "master.m3u8", "poster.jpg")
    assert asset.duration_s == pytest.approx(3.0, abs=0.1)
    master = (tmp_path / "master.m3u8").read_text()
    assert 'CODECS="mp4a.40.2"' in master
    assert master.split()[-1] == "audio.m3u8"
    with av.open(str(tmp_path / "audio.m4s")) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert heard / 48000 == pytest.approx(3.0, abs=0.1)
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert poster.size == (1280, 720)
        # The wave is lighter than its ground.
        darkest, lightest = poster.convert("L").getextrema()
    assert lightest - darkest > 80


def test_a_sound_file_cut_off_is_refused(make_video: MakeVideo, tmp_path: Path) -> None:
    whole = make_video("long.mp3", "-f", "lavfi", "-i", "sine=f=440:d=20", "-c:a", "libmp3lame").read_bytes()
    path = tmp_path / "half.mp3"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VideoRefused, match="truncated"):
        probe(path)


def test_a_rate_that_changes_is_no_lie_about_the_length(make_video: MakeVideo, tmp_path: Path) -> None:
    """An MP3 without a header of its length begins slow and goes on fast: by its first frame it would seem cut."""
    parts = [
        make_video(f"{rate}.mp3", *SOUND, "-c:a", "libmp3lame", "-b:a", rate, "-id3v2_version", "0", "-write_xing", "0")
        for rate in ("32k", "320k")
    ]
    path = tmp_path / "varies.mp3"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert probe(path).duration_s == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize("head", [b"ID3\x04\x00\x00\x00\x00\x00\x0a", b"\xff\xfb\x90\x64", b"ID3"])
def test_noise_behind_the_signature_is_damaged(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(head + bytes(range(1, 200)) * 50)
    with pytest.raises(VideoRefused) as caught:
        probe(path)
    assert caught.value.code == "damaged"
