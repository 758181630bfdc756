"""C-4: the storyboard shows, for each moment, the picture that stands there."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from backoffice.integrations.video.hls import transcode
from backoffice.integrations.video.ladder import LadderSettings, Rung
from backoffice.integrations.video.probe import probe
from backoffice.integrations.video.stills import Storyboard, plan_storyboard, storyboard_track
from tests.integrations.conftest import ENCODED, MakeVideo

CUE = re.compile(r"(\d\d):(\d\d):([\d.]+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)")


def test_the_storyboard_shows_what_is_there(make_video: MakeVideo, tmp_path: Path, ffmpeg: Path) -> None:
    # Grey that grows by ten every second: the brightness of a picture tells its moment.
    grey = ["-f", "lavfi", "-i", "color=black:s=160x90:r=10:d=23,format=gray,geq=lum='20+10*floor(T)'"]
    source = make_video("grey.mp4", *grey, *ENCODED)
    asset = transcode(source, probe(source), tmp_path, ffmpeg=ffmpeg, settings=LadderSettings(rungs=(90,)))
    assert asset.storyboard == "storyboard.vtt"
    assert {"storyboard.vtt", "storyboard-01.jpg"} <= set(asset.files)
    cues = CUE.findall((tmp_path / "storyboard.vtt").read_text())
    assert [int(hours) * 3600 + int(minutes) * 60 + float(s) for hours, minutes, s, *_ in cues] == list(range(0, 23, 2))
    assert cues[-1][3] == "00:00:23.000"
    for number, (*_, sheet, left, top, width, height) in enumerate(cues):
        with Image.open(tmp_path / sheet) as picture:
            x, y, w, h = int(left), int(top), int(width), int(height)
            assert (w, h) == (160, 90)
            assert x + w <= picture.width
            assert y + h <= picture.height
            seen = picture.convert("L").getpixel((x + w // 2, y + h // 2))
        assert seen == pytest.approx(20 + 20 * number, abs=4)


def test_an_hour_fits_on_three_sheets() -> None:
    board = plan_storyboard(Rung("360p", 640, 360, 800), 3600.0, Fraction(30))
    assert board == Storyboard(every_s=12, cells=300, columns=10, rows=10, width=160, height=90)
    assert board.sheets == ("storyboard-01.jpg", "storyboard-02.jpg", "storyboard-03.jpg")
    cues = CUE.findall(storyboard_track(board, 3600.0))
    assert len(cues) == 300
    assert cues[-1] == ("00", "59", "48.000", "01:00:00.000", "storyboard-03.jpg", "1440", "810", "160", "90")


@pytest.mark.parametrize(
    ("duration_s", "rate", "cells"), [(1.0, 5, 1), (2.0, 30, 1), (2.04, 30, 2), (4.0, 25, 2), (4.2, 5, 3)]
)
def test_a_picture_for_each_key_frame(duration_s: float, rate: int, cells: int) -> None:
    assert plan_storyboard(Rung("360p", 640, 360, 800), duration_s, Fraction(rate)).cells == cells


def test_upright_cells() -> None:
    board = plan_storyboard(Rung("360p", 360, 640, 800), 60.0, Fraction(30))
    assert (board.width, board.height, board.cells, board.columns, board.rows) == (90, 160, 30, 10, 3)
