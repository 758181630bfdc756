"""C-4: quiet and loud recordings come out equally loud, and nothing that is silent is lifted."""

import re
import subprocess
from pathlib import Path

import pytest

from backoffice.integrations.video.hls import VideoAsset, transcode
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.loudness import (
    MEASURE,
    MOST_PEAK_DBTP,
    TARGET_LUFS,
    UNTOUCHED,
    Leveling,
    Loudness,
    leveling,
    read_report,
)
from backoffice.integrations.video.probe import probe
from backoffice.integrations.video.technique import inspect
from tests.integrations.conftest import ENCODED, MakeVideo

PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=6")
# Something like speech: noise that swells three times a second.
SPEECH = "anoisesrc=c=pink:d=6:a=0.5:seed=7,lowpass=4000,tremolo=f=3:d=0.8"
# A clap over it, much louder than all the rest.
CLAP = "anoisesrc=c=pink:d=6:a=1:seed=8,lowpass=4000,volume='if(between(t,3,3.02),1,0)':eval=frame"


def measured(ffmpeg: Path, sound: Path) -> Loudness | None:
    argv = [str(ffmpeg), "-nostats", "-hide_banner", "-i", str(sound), "-filter:a", MEASURE, "-f", "null", "-"]
    return read_report(subprocess.run(argv, check=True, capture_output=True, text=True).stderr)


def made_of(source: Path, out_dir: Path, ffmpeg: Path) -> VideoAsset:
    """The asset as the worker makes it: looked at, then transcoded with what was heard."""
    info = probe(source)
    heard = inspect(source, info, ffmpeg=ffmpeg).loudness
    settings = LadderSettings(rungs=(48,))
    return transcode(source, info, out_dir, ffmpeg=ffmpeg, settings=settings, leveling=leveling(heard))


@pytest.mark.parametrize(
    ("name", "sound", "gain_db"),
    [
        ("quiet", f"{SPEECH},volume=-15dB", (24, 27)),
        ("loud", f"{SPEECH},volume=16dB", (-7, -4)),
        ("mono", f"{SPEECH},aformat=channel_layouts=mono", (9, 12)),
        ("5.1", f"{SPEECH},aformat=channel_layouts=5.1", (5, 20)),
    ],
)
def test_recordings_come_out_equally_loud(
    make_video: MakeVideo, tmp_path: Path, ffmpeg: Path, name: str, sound: str, gain_db: tuple[int, int]
) -> None:
    source = make_video(f"{name}.mkv", *PICTURE, "-f", "lavfi", "-i", sound, *ENCODED[:-2], "-c:a", "flac")
    asset = made_of(source, tmp_path, ffmpeg)
    heard = measured(ffmpeg, tmp_path / "audio.m4s")
    assert heard is not None
    assert heard.lufs == pytest.approx(TARGET_LUFS, abs=1)
    assert heard.peak_dbtp <= MOST_PEAK_DBTP
    assert gain_db[0] < asset.leveling.gain_db < gain_db[1]


def test_a_clap_does_not_keep_the_speech_quiet(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    both = ["-f", "lavfi", "-i", SPEECH, "-f", "lavfi", "-i", CLAP]
    mixed = ["-filter_complex", "[1][2]amix=2:normalize=0[a]", "-map", "0", "-map", "[a]"]
    source = make_video("clap.mkv", *PICTURE, *both, *mixed, *ENCODED[:-2], "-c:a", "flac")
    asset = made_of(source, tmp_path, ffmpeg)
    heard = measured(ffmpeg, tmp_path / "audio.m4s")
    assert heard is not None
    assert asset.leveling.limited
    assert heard.lufs == pytest.approx(TARGET_LUFS, abs=3)
    assert heard.peak_dbtp <= MOST_PEAK_DBTP


def test_silence_stays_silent(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    source = make_video("silent.mkv", *PICTURE, "-f", "lavfi", "-i", f"{SPEECH},volume=-70dB", *ENCODED[:-2])
    assert made_of(source, tmp_path, ffmpeg).leveling == UNTOUCHED
    assert measured(ffmpeg, tmp_path / "audio.m4s") is None


def test_what_is_done_to_what() -> None:
    assert leveling(None) == UNTOUCHED
    assert UNTOUCHED.filters() == ""
    assert leveling(Loudness(-26.0, -15.0)) == Leveling(10.0, limited=False)
    assert leveling(Loudness(-26.0, -6.0)) == Leveling(10.0, limited=True)
    assert leveling(Loudness(-9.0, 0.5)) == Leveling(-7.0, limited=False)
    assert leveling(Loudness(-55.0, -40.0)).gain_db == 30.0
    assert re.fullmatch(r"volume=-7\.00dB", Leveling(-7.0).filters())
