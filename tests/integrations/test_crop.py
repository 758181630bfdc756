"""C-1: the part of a picture that its author has chosen, cut from the original in the sandbox."""

from pathlib import Path

import pytest
from PIL import Image

from backoffice.integrations.images import prepare_cover

QUARTERS = {"red": (0, 0), "blue": (1, 0), "lime": (0, 1), "yellow": (1, 1)}
ORIENTATION = 0x0112


def quarters(side: int = 2000) -> Image.Image:
    """Red and blue above lime and yellow."""
    picture = Image.new("RGB", (side, side))
    half = side // 2
    for colour, (column, row) in QUARTERS.items():
        picture.paste(colour, (column * half, row * half, (column + 1) * half, (row + 1) * half))
    return picture


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 60 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("x", "y", "colour"),
    [(0, 0, (255, 0, 0)), (5000, 0, (0, 0, 255)), (0, 5000, (0, 255, 0)), (5000, 5000, (255, 255, 0))],
)
def test_the_chosen_part_is_what_is_shown(
    tmp_path: Path, kind: str, x: int, y: int, colour: tuple[int, int, int]
) -> None:
    quarters().save(tmp_path / "cover", kind)
    (tmp_path / "out").mkdir()
    info = prepare_cover(tmp_path / "cover", tmp_path / "out", crop={"x": x, "y": y, "width": 5000})
    assert [rendition.width for rendition in info.renditions] == [480, 960]
    for rendition in info.renditions:
        with Image.open(tmp_path / "out" / rendition.name) as made:
            corners = [(4, 4), (rendition.width - 5, 4), (4, rendition.height - 5)]
            assert all(near(made.getpixel(corner), colour) for corner in corners), rendition.name


def test_all_of_the_picture_is_there_in_small_and_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    tall = Image.new("RGB", (2000, 1000), "red")
    tall.save(tmp_path / "cover.jpg", exif=exif)
    (tmp_path / "out").mkdir()
    info = prepare_cover(tmp_path / "cover.jpg", tmp_path / "out", crop={"x": 0, "y": 7000, "width": 10_000})
    assert (info.width, info.height) == (1000, 2000)
    assert (info.whole.name, info.whole.width, info.whole.height) == ("whole.webp", 640, 1280)
    with Image.open(tmp_path / "out" / "whole.webp") as whole:
        assert whole.size == (640, 1280)
        assert not whole.getexif()
