"""C-4: chunks that were coded apart are the video that one process would have made."""

from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from backoffice.integrations.video import chunks, joints
from backoffice.integrations.video.hls import TranscodeFailed, VideoAsset, transcode
from backoffice.integrations.video.joints import Made
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.loudness import UNTOUCHED
from backoffice.integrations.video.probe import VideoInfo, probe
from tests.integrations.conftest import ENCODED, MakeVideo

TINY = LadderSettings(rungs=(90,))
CHUNK_S = 6
# Slides that stand for seconds, an animation between them, and times on no grid.
SLIDES = "select='not(mod(n\\,47))+between(n\\,200\\,260)',setpts=PTS+0.003/TB*mod(N\\,5)"
SOURCES = {
    "even": ("even.mp4", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=30:d=20", *ENCODED),
    "29.97 in webm": (
        *("ntsc.webm", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=30000/1001:d=20"),
        *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    ),
    "slides": (
        *("slides.mp4", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=30:d=20", "-vf", SLIDES, "-fps_mode", "vfr"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    ),
    "a late picture": (
        *("late.mkv", "-itsoffset", "1.517", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=18"),
        *("-f", "lavfi", "-i", "sine=d=20", *ENCODED, "-c:a", "aac"),
    ),
}


def make(source: Path, folder: Path, ffmpeg: Path) -> tuple[VideoInfo, Made]:
    """All jobs of a video, one after the other."""
    info = probe(source)
    many = chunks.count(info, CHUNK_S)
    parts = [chunks.span(info, position, many, CHUNK_S) for position in range(many)]
    folders = [folder / str(position) for position in range(many)]
    for each in folders:
        each.mkdir()
    made = [
        (each, chunks.make_chunk(source, info, part, each, ffmpeg=ffmpeg, settings=TINY, on_progress=print))
        for each, part in zip(folders, parts, strict=True)
    ]
    sound = folder / "sound" if info.has_audio else None
    if sound is not None:
        sound.mkdir()
        chunks.make_sound(source, info, sound, ffmpeg=ffmpeg, settings=TINY, leveling=UNTOUCHED, on_progress=print)
    return info, Made(made, sound)


def join(made: Made, info: VideoInfo, folder: Path, ffmpeg: Path) -> VideoAsset:
    folder.mkdir()
    return chunks.join(
        made, info, folder, chunk_s=CHUNK_S, ffmpeg=ffmpeg, settings=TINY, leveling=UNTOUCHED, on_progress=print
    )


def shades(path: Path) -> Iterator[bytes]:
    """The grey of each picture, every tenth point."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield bytes(frame.planes[0])[::10]


@pytest.mark.parametrize("name", SOURCES)
def test_each_picture_is_the_one_of_one_process(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path, name: str) -> None:
    source = make_video(*SOURCES[name])
    info, made = make(source, tmp_path, ffmpeg)
    assert len(made.chunks) == 3
    joined = join(made, info, tmp_path / "joined", ffmpeg)
    (tmp_path / "one").mkdir()
    whole = transcode(source, info, tmp_path / "one", ffmpeg=ffmpeg, settings=TINY)
    assert (joined.files, joined.duration_s) == (whole.files, whole.duration_s)
    pairs = list(zip(shades(tmp_path / "joined/90p.m4s"), shades(tmp_path / "one/90p.m4s"), strict=True))
    far = [n for n, (a, b) in enumerate(pairs) if sum(abs(x - y) for x, y in zip(a, b, strict=True)) > 4 * len(a)]
    assert far == []
    assert sum(pictures for _, pictures in made.chunks) == len(pairs)


@pytest.fixture
def good(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> tuple[VideoInfo, Made]:
    return make(make_video(*SOURCES["a late picture"]), tmp_path, ffmpeg)


def test_the_proof_finds_what_is_missing(good: tuple[VideoInfo, Made], tmp_path: Path, ffmpeg: Path) -> None:
    info, made = good
    assert made.sound is not None
    first, second, last = made.chunks
    cases = [
        ("90p (has|stands)", "incomplete_output", [first, last, second]),
        ("90p has", "incomplete_output", [first, (second[0], second[1] + 1), last]),
        ("13.52 s, the source 19.52 s", "length_differs", [first, last]),
    ]
    for number, (what, code, wrong) in enumerate(cases):
        with pytest.raises(TranscodeFailed, match=what) as caught:
            join(Made(wrong, made.sound), info, tmp_path / f"wrong{number}", ffmpeg)
        assert caught.value.code == code


def test_the_proof_counts_the_sound(
    good: tuple[VideoInfo, Made], make_video: MakeVideo, tmp_path: Path, ffmpeg: Path
) -> None:
    info, made = good
    out_dir = tmp_path / "joined"
    join(made, info, out_dir, ffmpeg)
    woken: list[bool] = []
    joints.prove(made, info, out_dir, ["90p"], on_wake=lambda: woken.append(True))
    assert woken
    longer = make_video("longer.m4a", "-f", "lavfi", "-i", "sine=d=21", "-c:a", "aac")
    (tmp_path / "sound" / joints.SOUND_FILE).write_bytes(longer.read_bytes())
    with pytest.raises(TranscodeFailed, match="pieces of sound"):
        joints.prove(made, info, out_dir, ["90p"])


def test_a_chunk_that_is_not_there_fails(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    source = make_video(*SOURCES["even"])
    info = probe(source)
    beyond = chunks.span(info, 9, 20, CHUNK_S)
    with pytest.raises(TranscodeFailed) as caught:
        chunks.make_chunk(source, info, beyond, tmp_path, ffmpeg=ffmpeg, settings=TINY, on_progress=print)
    assert caught.value.code == "incomplete_output"
