"""C-4: an accepted upload becomes a folder that plays, complete and never upscaled."""

import re
from pathlib import Path

import av
import pytest

from backoffice.integrations.video import ladder
from backoffice.integrations.video.ffmpeg import FfmpegMissing, doctor, find_ffmpeg
from backoffice.integrations.video.hls import TranscodeFailed, VideoAsset, transcode
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.probe import VideoInfo, probe
from tests.integrations.conftest import ENCODED, SOUND, MakeVideo, picture

SMALL = LadderSettings(rungs=(144, 90))


def make(source: Path, out_dir: Path, ffmpeg: Path, settings: LadderSettings = SMALL) -> VideoAsset:
    out_dir.mkdir()
    return transcode(source, probe(source), out_dir, ffmpeg=ffmpeg, settings=settings)


def key_frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        return [round(float(p.pts * p.time_base), 3) for p in packets if p.is_keyframe and p.pts is not None]


def count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams.video[0]))


def test_a_ladder_with_sound(good_video: Path, tmp_path: Path, ffmpeg: Path) -> None:
    out_dir = tmp_path / "asset.tmp"
    asset = make(good_video, out_dir, ffmpeg)
    assert [(r.name, r.width, r.height) for r in asset.renditions] == [("144p", 256, 144), ("90p", 160, 90)]
    assert asset.duration_s == pytest.approx(3.0, abs=0.1)
    assert asset.has_audio
    assert sorted(path.name for path in out_dir.iterdir()) == list(asset.files)
    assert asset.size_bytes == sum(path.stat().st_size for path in out_dir.iterdir())
    for rendition in asset.renditions:
        file = out_dir / rendition.file
        assert file.stat().st_size == rendition.size_bytes
        assert count_frames(file) == 90
        assert key_frame_times(file) == [0.0, 2.0]
    with av.open(str(out_dir / "audio.m4s")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        assert container.start_time == 0
    with av.open(str(out_dir / asset.poster)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (256, 144)


def test_the_master_names_all_that_a_player_needs(good_video: Path, tmp_path: Path, ffmpeg: Path) -> None:
    asset = make(good_video, tmp_path / "asset.tmp", ffmpeg)
    master = (tmp_path / "asset.tmp" / asset.master).read_text()
    streams = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(.*)", master)
    assert [name for _, name in streams] == ["144p.m3u8", "90p.m3u8"]
    for (attributes, _), rendition in zip(streams, asset.renditions, strict=True):
        assert f"RESOLUTION={rendition.width}x{rendition.height}" in attributes
        assert f"BANDWIDTH={rendition.bandwidth_bps}," in attributes
        assert "FRAME-RATE=30.000" in attributes
        assert 'CODECS="avc1.' in attributes
    assert 'URI="audio.m3u8"' in master
    assert "/" not in re.sub(r"#.*", "", master)


def test_without_sound(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    source = make_video("mute.mp4", *picture("320x180"), *ENCODED)
    asset = make(source, tmp_path / "asset.tmp", ffmpeg)
    assert not asset.has_audio
    assert not any(name.startswith("audio") for name in asset.files)
    assert "AUDIO" not in (tmp_path / "asset.tmp" / asset.master).read_text()


@pytest.mark.parametrize(
    ("size", "expected"),
    [("180x320", [(144, 256), (90, 160)]), ("853x481", [(256, 144), (160, 90)]), ("121x77", [(120, 76)])],
)
def test_portrait_odd_and_tiny(
    make_video: MakeVideo, tmp_path: Path, ffmpeg: Path, size: str, expected: list[tuple[int, int]]
) -> None:
    odd = ["-pix_fmt", "yuv444p"] if "1" in size[-1] or size == "121x77" else []
    source = make_video(f"{size}.mp4", *picture(size), *SOUND, *ENCODED, *odd, "-c:a", "aac", "-t", "2")
    asset = make(source, tmp_path / "asset.tmp", ffmpeg)
    assert [(r.width, r.height) for r in asset.renditions] == expected


def test_a_turned_video_stands_upright(make_video: MakeVideo, good_video: Path, tmp_path: Path, ffmpeg: Path) -> None:
    source = make_video("turned.mp4", "-display_rotation", "90", "-i", str(good_video), "-c", "copy")
    asset = make(source, tmp_path / "asset.tmp", ffmpeg)
    assert [(r.width, r.height) for r in asset.renditions] == [(144, 256), (90, 160)]
    with av.open(str(tmp_path / "asset.tmp" / "144p.m4s")) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (144, 256, 0)


def test_wide_pixels_become_square(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    source = make_video("anamorphic.mp4", *picture("180x144"), "-vf", "setsar=2", *ENCODED)
    assert [(r.width, r.height) for r in make(source, tmp_path / "asset.tmp", ffmpeg).renditions] == [
        (360, 144),
        (224, 90),
    ]


def test_an_offset_start_and_late_sound_keep_the_length(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    late = [*picture("320x180"), "-itsoffset", "1", *SOUND]
    source = make_video("late.ts", *late, "-c:v", "mpeg2video", "-c:a", "mp2", "-output_ts_offset", "1000")
    asset = make(source, tmp_path / "asset.tmp", ffmpeg)
    assert asset.duration_s == pytest.approx(3.0, abs=0.2)


def test_a_second_attempt_in_a_fresh_folder_gives_the_same(good_video: Path, tmp_path: Path, ffmpeg: Path) -> None:
    first, second = (make(good_video, tmp_path / f"{n}.tmp", ffmpeg) for n in (1, 2))
    assert (first.files, first.renditions[0].width) == (second.files, second.renditions[0].width)


def test_nothing_of_the_sources_metadata_is_kept(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    tags = ["-metadata", "title=my home address", "-metadata", "location=+59.93+030.33/"]
    source = make_video("tagged.mp4", *picture("320x180"), *ENCODED, *tags)
    assert b"home address" in source.read_bytes()
    make(source, tmp_path / "asset.tmp", ffmpeg)
    for path in (tmp_path / "asset.tmp").iterdir():
        assert b"home address" not in path.read_bytes()
        assert b"+59.93" not in path.read_bytes()


def test_progress_rises_to_100_and_only_success_says_so(good_video: Path, tmp_path: Path, ffmpeg: Path) -> None:
    """T-5: who waits sees percent."""
    told: list[int] = []
    transcode(good_video, probe(good_video), tmp_path, ffmpeg=ffmpeg, settings=SMALL, on_progress=told.append)
    assert told == sorted(told)
    assert told.count(100) == 1
    assert told[-1] == 100


def test_an_error_in_the_heartbeat_stops_the_run(good_video: Path, tmp_path: Path, ffmpeg: Path) -> None:
    """T-2: who has lost the lease stops working."""

    def lost(percent: int) -> None:
        raise ConnectionError("lease lost")

    with pytest.raises(ConnectionError, match="lease lost"):
        transcode(good_video, probe(good_video), tmp_path, ffmpeg=ffmpeg, settings=SMALL, on_progress=lost)
    assert not (tmp_path / "poster.jpg").exists()


def test_failures_have_codes(good_video: Path, tmp_path: Path, ffmpeg: Path) -> None:
    info = probe(good_video)
    cases: list[tuple[str, VideoInfo, LadderSettings]] = [
        ("length_differs", info_with(info, duration_s=9.0), SMALL),
        ("ffmpeg_failed", info_with(info, demuxer="matroska"), SMALL),
        ("out_of_limits", info, LadderSettings(rungs=(144,), wall_s_per_s=-100.0)),
    ]
    for code, claimed, settings in cases:
        out_dir = tmp_path / code
        out_dir.mkdir()
        with pytest.raises(TranscodeFailed) as caught:
            transcode(good_video, claimed, out_dir, ffmpeg=ffmpeg, settings=settings)
        assert caught.value.code == code


def info_with(info: VideoInfo, **changes: object) -> VideoInfo:
    return VideoInfo(**{name: getattr(info, name) for name in info.__slots__} | changes)  # type: ignore[arg-type]


def test_the_plan_never_upscales(good_video: Path) -> None:
    info, rungs = probe(good_video), (1080, 720, 480, 360)
    for size, names in [
        ((1920, 1080), ["1080p", "720p", "480p", "360p"]),
        ((1080, 1920), ["1080p", "720p", "480p", "360p"]),
        ((1280, 718), ["480p", "360p"]),
        ((320, 180), ["180p"]),
    ]:
        made = ladder.plan(info_with(info, width=size[0], height=size[1]), rungs)
        assert [rung.name for rung in made] == names
        assert all(r.width <= size[0] and r.height <= size[1] and r.width % 2 == r.height % 2 == 0 for r in made)
    assert ladder.frame_rate(info_with(info, fps=30000 / 1001)).as_integer_ratio() == (30000, 1001)
    assert ladder.frame_rate(info_with(info, fps=120.0)) == 60


def test_the_doctor_is_content_here_and_names_what_is_wrong(ffmpeg: Path, tmp_path: Path) -> None:
    assert [problem for problem in doctor(ffmpeg) if problem.fatal] == []
    poor = tmp_path / "poor"
    poor.write_text("#!/bin/sh\necho ' V..... libx264 x'\n")
    poor.chmod(0o755)
    codes = {(problem.code, problem.detail) for problem in doctor(poor)}
    assert {("missing_encoder", "aac"), ("missing_muxer", "hls"), ("missing_filter", "ebur128")} <= codes
    assert ("missing_encoder", "libx264") not in codes
    assert [problem.code for problem in doctor(Path("/bin/false")) if problem.fatal] == ["not_running"]


def test_the_binary_asked_for_comes_first(tmp_path: Path) -> None:
    mine = tmp_path / "my-ffmpeg"
    mine.write_text("")
    mine.chmod(0o755)
    assert find_ffmpeg(str(mine)) == mine
    with pytest.raises(FfmpegMissing):
        find_ffmpeg(str(tmp_path / "absent"))
