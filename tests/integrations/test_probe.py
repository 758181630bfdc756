"""C-4: an upload is what its bytes are; each wrong file is refused with its own reason."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from backoffice.integrations.video.probe import VideoInfo, VideoLimits, VideoRefused, probe
from backoffice.integrations.video.sniff import demuxer_of
from backoffice.integrations.video.technique import inspect
from tests.integrations.conftest import ENCODED, SOUND, MakeVideo, picture


def refusal(path: Path, limits: VideoLimits | None = None) -> str:
    with pytest.raises(VideoRefused) as caught:
        probe(path, limits=limits)
    return caught.value.code


def test_a_good_video(good_video: Path) -> None:
    info = probe(good_video)
    assert info == VideoInfo(
        demuxer="mov",
        duration_s=pytest.approx(3.0, abs=0.05),
        width=320,
        height=180,
        fps=30.0,
        video_codec="h264",
        video_stream=0,
        has_audio=True,
        audio_codec="aac",
        audio_stream=1,
        rotation=0,
        key_frames=6,
        damaged_packets=0,
        size_bytes=good_video.stat().st_size,
    )


@pytest.mark.parametrize(
    ("name", "encoders", "demuxer", "video_codec", "audio_codec"),
    [
        ("a.mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a flac", "matroska", "hevc", "flac"),
        ("a.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus", "matroska", "vp9", "opus"),
        ("a.avi", "-c:v mpeg4 -c:a libmp3lame", "avi", "mpeg4", "mp3"),
        ("a.ts", "-c:v mpeg2video -c:a mp2", "mpegts", "mpeg2video", "mp2"),
        ("a.mpg", "-c:v mpeg1video -c:a mp2", "mpeg", "mpeg1video", "mp2"),
        ("a.flv", "-c:v flv1 -c:a aac", "flv", "flv1", "aac"),
        ("a.wmv", "-c:v wmv2 -c:a wmav2", "asf", "wmv2", "wmav2"),
        ("a.ogv", "-c:v libtheora -c:a libvorbis", "ogg", "theora", "vorbis"),
    ],
)
def test_all_eight_containers(
    make_video: MakeVideo, name: str, encoders: str, demuxer: str, video_codec: str, audio_codec: str
) -> None:
    path = make_video(name, *picture("320x180"), *SOUND, *encoders.split())
    info = probe(path)
    assert (info.demuxer, info.video_codec, info.audio_codec) == (demuxer, video_codec, audio_codec)
    assert info.duration_s == pytest.approx(3.0, abs=0.2)


def test_no_sound_is_reported_not_refused(make_video: MakeVideo) -> None:
    info = probe(make_video("mute.mp4", *picture("320x180"), *ENCODED))
    assert (info.has_audio, info.audio_codec, info.audio_stream) == (False, None, None)


def test_a_turned_phone_video_has_the_size_that_is_seen(make_video: MakeVideo, good_video: Path) -> None:
    path = make_video("turned.mp4", "-display_rotation", "90", "-i", str(good_video), "-c", "copy")
    info = probe(path)
    assert (info.rotation % 360, info.width, info.height) == (90, 180, 320)


def test_neither_picture_nor_sound(make_video: MakeVideo, tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:03,000\nNothing to see, nothing to hear.\n")
    assert refusal(make_video("words.mkv", "-i", str(words), "-c:s", "srt")) == "nothing_to_play"


@pytest.mark.parametrize(
    "content",
    [
        "just a text\n" * 200,
        "",
        "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{good}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:3,\nhttp://127.0.0.1:9/x.ts\n",
        "ffconcat version 1.0\nfile '{good}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "<html><script>alert(1)</script></html>",
        "\x7fELF\x02\x01\x01",
    ],
)
def test_what_is_no_container_is_not_even_opened(good_video: Path, tmp_path: Path, content: str) -> None:
    path = tmp_path / "lecture.mp4"
    path.write_text(content.format(good=good_video))
    assert demuxer_of(path) is None
    assert refusal(path) == "not_a_video"


def test_a_playlist_behind_a_video_signature_reads_no_other_file(good_video: Path, tmp_path: Path) -> None:
    path = tmp_path / "lecture.mp4"
    path.write_bytes(b"#EXTftyp\n" + f"#EXTM3U\n#EXTINF:3,\n{good_video}\n#EXT-X-ENDLIST\n".encode())
    assert demuxer_of(path) == "mov"
    assert refusal(path) == "damaged"


def test_a_file_cut_off_while_uploading(make_video: MakeVideo, good_video: Path, tmp_path: Path) -> None:
    path = tmp_path / "lecture.mp4"
    data = good_video.read_bytes()
    path.write_bytes(data[: len(data) * 45 // 100])
    assert refusal(path) == "truncated"
    index_at_the_end = make_video("slow.mp4", "-i", str(good_video), "-c", "copy").read_bytes()
    path.write_bytes(index_at_the_end[: len(index_at_the_end) * 9 // 10])
    assert refusal(path) == "damaged"


def test_noise_behind_a_signature_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 100)
    assert refusal(path) == "damaged"


def test_limits_of_size_length_and_rate(good_video: Path) -> None:
    usual = VideoLimits()
    assert refusal(good_video, replace(usual, max_pixels=320 * 179)) == "too_large_picture"
    assert refusal(good_video, replace(usual, max_side=319)) == "too_large_picture"
    assert refusal(good_video, replace(usual, max_duration_s=2.5)) == "too_long"
    assert refusal(good_video, replace(usual, min_duration_s=3.5)) == "too_short"
    assert refusal(good_video, replace(usual, max_fps=29)) == "too_high_frame_rate"
    assert refusal(good_video, replace(usual, max_streams=1)) == "too_many_streams"
    assert refusal(good_video, replace(usual, min_packets_per_s=31)) == "too_few_pictures"


def test_a_giant_picture_is_refused_before_it_is_decoded(make_video: MakeVideo) -> None:
    giant = ["-f", "lavfi", "-i", "color=s=12000x12000:r=1:d=1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]
    assert refusal(make_video("giant.mov", *giant)) == "too_large_picture"


def test_three_pictures_declared_hours_apart(make_video: MakeVideo, tmp_path: Path) -> None:
    data = bytearray(make_video("three.mp4", *picture("64x36"), "-frames:v", "3", *ENCODED).read_bytes())
    at = data.index(b"stts")
    count = struct.unpack_from(">I", data, at + 8)[0]
    for entry in range(count):
        struct.pack_into(">I", data, at + 12 + 8 * entry + 4, 2**29)
    path = tmp_path / "long.mp4"
    path.write_bytes(data)
    assert refusal(path) in {"too_few_pictures", "too_long"}


def test_a_codec_outside_the_list(make_video: MakeVideo) -> None:
    assert refusal(make_video("raw.avi", *picture("64x36"), "-t", "1", "-c:v", "huffyuv")) == "unsupported_codec"
    odd_sound = [*picture("64x36"), *SOUND, "-c:v", "mpeg4", "-c:a", "tta"]
    assert refusal(make_video("sound.mkv", *odd_sound)) == "unsupported_codec"


def test_facts_are_plain_values(good_video: Path) -> None:
    info = probe(good_video)
    assert json.loads(json.dumps({name: getattr(info, name) for name in info.__slots__}))["width"] == 320


def test_a_picture_and_a_tone_are_seen_and_heard(good_video: Path, ffmpeg: Path) -> None:
    """L-3: the facts for the checks on dark and silent videos."""
    found = inspect(good_video, probe(good_video), ffmpeg=ffmpeg)
    assert (found.has_picture, found.has_sound, found.black_share) == (True, True, 0.0)
    assert found.mean_volume_db == pytest.approx(-21, abs=3)


def test_black_and_silent(make_video: MakeVideo, ffmpeg: Path) -> None:
    """L-3, with few key frames and with many."""
    for name, gap in (("few.mp4", "250"), ("many.mp4", "5")):
        black = ["-f", "lavfi", "-i", "color=black:s=320x180:r=30:d=3", "-f", "lavfi", "-i", "anullsrc=d=3"]
        path = make_video(f"black-{name}", *black, *ENCODED, "-g", gap, "-c:a", "aac")
        found = inspect(path, probe(path), ffmpeg=ffmpeg)
        assert (found.has_picture, found.has_sound) == (False, False)
        assert (found.black_share, found.mean_volume_db) == (1.0, None)


def test_black_at_the_start_alone_is_a_picture(make_video: MakeVideo, ffmpeg: Path) -> None:
    """L-3: the only key frame is black, so the rest is looked at too."""
    fade = [*picture("320x180"), "-vf", "fade=in:st=0.5:d=0.2", *ENCODED, "-g", "250"]
    path = make_video("fade.mp4", *fade)
    found = inspect(path, probe(path), ffmpeg=ffmpeg)
    assert found.has_picture
    assert 0 < found.black_share < 0.9
    assert not found.has_sound
