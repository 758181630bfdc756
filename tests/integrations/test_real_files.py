"""C-4: what cameras, phones and recorders produce comes out whole: same cuts in all sizes, every frame, upright."""

from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from backoffice.integrations.video import ladder
from backoffice.integrations.video.hls import transcode
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.loudness import leveling
from backoffice.integrations.video.probe import probe
from backoffice.integrations.video.technique import inspect
from tests.integrations.conftest import MakeVideo
from tests.integrations.test_hls import count_frames, key_frame_times

SECONDS = 3
TONE = f"-f lavfi -i sine=f=440:d={SECONDS}"
H264, H264_444 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p", "-c:v libx264 -preset ultrafast -pix_fmt yuv444p"
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1"
VP9, AV1 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8", "-c:v libsvtav1 -preset 13 -svtav1-params tune=0"
EVERY_THIRD_AFTER_A_SECOND = "-vf select='lt(t,1)+not(mod(n,3))' -fps_mode vfr"


@dataclass(frozen=True)
class Case:
    """One combination; `codecs` as the probe must name them, `size` as a viewer sees the picture."""

    name: str
    arguments: str
    codecs: tuple[str, str | None]
    size: tuple[int, int] = (160, 120)
    rate: int = 25


CASES = [
    Case("h264-aac.mp4", f"{TONE} {H264} -c:a aac", ("h264", "aac")),
    Case("h264-pcm.mov", f"{TONE} {H264} -c:a pcm_s16le", ("h264", "pcm_s16le")),
    Case("hevc-aac.mp4", f"{TONE} {HEVC} -c:a aac", ("hevc", "aac")),
    Case("hevc-none.mov", HEVC, ("hevc", None)),
    Case("vp9-opus.webm", f"{TONE} {VP9} -c:a libopus", ("vp9", "opus")),
    Case("av1-opus.webm", f"{TONE} {AV1} -c:a libopus", ("av1", "opus")),
    Case("av1-aac.mp4", f"{TONE} {AV1} -c:a aac", ("av1", "aac")),
    Case("vp9-mp3.mkv", f"{TONE} {VP9} -c:a libmp3lame", ("vp9", "mp3")),
    Case("h264-flac.mkv", f"{TONE} {H264} -c:a flac", ("h264", "flac")),
    Case("mpeg4-mp3.avi", f"{TONE} -c:v mpeg4 -c:a libmp3lame", ("mpeg4", "mp3")),
    Case("mpeg4-none.avi", "-c:v mpeg4", ("mpeg4", None)),
    Case("h264-aac.ts", f"{TONE} {H264} -c:a aac", ("h264", "aac")),
    Case("mpeg2-mp2.ts", f"{TONE} -c:v mpeg2video -c:a mp2", ("mpeg2video", "mp2")),
    Case("h264-none.mp4", H264, ("h264", None)),
    Case("varying.mkv", f"{TONE} {EVERY_THIRD_AFTER_A_SECOND} {H264} -c:a aac", ("h264", "aac"), rate=0),
    Case("odd.mkv", f"{TONE} -vf scale=161:121 {H264_444} -c:a libopus", ("h264", "opus"), (161, 121)),
    Case("sixty.mp4", f"{TONE} -r 60 {H264} -c:a aac", ("h264", "aac"), rate=60),
    Case("ntsc.mov", f"{TONE} -r 30000/1001 {H264} -c:a aac", ("h264", "aac"), rate=30),
]


def check(source: Path, case: Case, out_dir: Path, ffmpeg: Path) -> None:
    """Through the same steps as in the worker; then every frame of every size is counted."""
    info = probe(source)
    assert (info.video_codec, info.audio_codec) == case.codecs
    assert (info.width, info.height) == case.size
    assert info.duration_s == pytest.approx(SECONDS, abs=0.15)
    heard = inspect(source, info, ffmpeg=ffmpeg)
    assert heard.has_picture
    assert heard.has_sound == info.has_audio == (case.codecs[1] is not None)
    settings = LadderSettings(rungs=(96, 60))
    asset = transcode(source, info, out_dir, ffmpeg=ffmpeg, settings=settings, leveling=leveling(heard.loudness))
    assert asset.duration_s == pytest.approx(SECONDS, abs=0.15)
    rate = ladder.frame_rate(info)
    assert not case.rate or float(rate) == pytest.approx(case.rate, abs=0.1)
    frames = {count_frames(out_dir / rendition.file) for rendition in asset.renditions}
    assert len(frames) == 1
    assert frames.pop() == pytest.approx(asset.duration_s * float(rate), abs=0.5)
    cuts = {tuple(key_frame_times(out_dir / rendition.file)) for rendition in asset.renditions}
    assert len(cuts) == 1
    assert cuts.pop() == pytest.approx((0, 2), abs=0.07)
    if info.has_audio:
        with av.open(str(out_dir / "audio.m4s")) as container:
            heard_s = sum(frame.samples for frame in container.decode(audio=0)) / 48000
        assert heard_s == pytest.approx(asset.duration_s, abs=0.15)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_real_files(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path, case: Case) -> None:
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x120:r=25:d={SECONDS}"]
    source = make_video(f"real-{case.name}", *picture, *case.arguments.split())
    check(source, case, tmp_path, ffmpeg)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_phones(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path, degrees: int) -> None:
    """The picture is dark at its top, and stays so for the viewer however the phone was held."""
    upright = f"color=white:s=160x120:r=25:d={SECONDS},drawbox=c=black:h=60:t=fill"
    turns = {90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}[degrees]
    held = make_video(f"held-{degrees}.mp4", "-f", "lavfi", "-i", f"{upright},{turns}", *H264.split())
    source = make_video(f"turned-{degrees}.mp4", "-display_rotation", str(degrees), "-i", str(held), "-c", "copy")
    check(source, Case("", "", ("h264", None)), tmp_path, ffmpeg)
    with av.open(str(tmp_path / "96p.m4s")) as container:
        picture = next(container.decode(video=0)).to_image().convert("L")
    assert picture.size == (128, 96)
    assert picture.crop((0, 0, 128, 40)).getextrema()[1] < 40
    assert picture.crop((0, 56, 128, 96)).getextrema()[0] > 200
