"""C-1: of an uploaded cover only our own re-encoded copies are kept."""

from pathlib import Path

import pytest
from PIL import Image

from backoffice.integrations.images import ImageRefused, prepare_cover

WIDTHS = (160, 320, 640)
GPS = 0x8825


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def halves(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (width // 2, 0, width, height))
    return picture


def is_red(colour: object) -> bool:
    assert isinstance(colour, tuple)
    return colour[0] > 180 > 80 > colour[2]


def refusal(path: Path, out_dir: Path) -> str:
    with pytest.raises(ImageRefused) as caught:
        prepare_cover(path, out_dir, WIDTHS)
    assert list(out_dir.iterdir()) == []
    return caught.value.code


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_each_kind_becomes_webp_in_16_to_9(tmp_path: Path, out_dir: Path, kind: str) -> None:
    halves(800, 700).save(tmp_path / "cover", kind)
    info = prepare_cover(tmp_path / "cover", out_dir, WIDTHS)
    assert (info.format, info.width, info.height) == (kind, 800, 700)
    assert [(r.name, r.width, r.height) for r in info.renditions] == [
        ("cover-160.webp", 160, 90),
        ("cover-320.webp", 320, 180),
        ("cover-640.webp", 640, 360),
    ]
    for rendition in info.renditions:
        with Image.open(out_dir / rendition.name) as made:
            assert (made.format, made.size) == ("WEBP", (rendition.width, rendition.height))
            assert is_red(made.getpixel((10, 10)))
            assert not is_red(made.getpixel((rendition.width - 10, 10)))
        assert (out_dir / rendition.name).stat().st_size == rendition.size_bytes


def test_never_upscaled(tmp_path: Path, out_dir: Path) -> None:
    halves(1000, 200).save(tmp_path / "cover.png")
    assert [r.width for r in prepare_cover(tmp_path / "cover.png", out_dir, WIDTHS).renditions] == [160, 320]


def test_the_place_where_it_was_taken_is_dropped_and_it_stands_upright(tmp_path: Path, out_dir: Path) -> None:
    picture = halves(1000, 800)
    exif = picture.getexif()
    exif[0x0112] = 6
    exif[0x010F] = "A camera of mine"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (59.0, 56.0, 3.0)
    picture.save(tmp_path / "photo.jpg", exif=exif)
    assert b"A camera of mine" in (tmp_path / "photo.jpg").read_bytes()
    info = prepare_cover(tmp_path / "photo.jpg", out_dir, WIDTHS)
    assert (info.width, info.height) == (800, 1000)
    for rendition in info.renditions:
        data = (out_dir / rendition.name).read_bytes()
        assert b"A camera of mine" not in data
        assert b"EXIF" not in data
        with Image.open(out_dir / rendition.name) as made:
            assert dict(made.getexif()) == {}
            assert is_red(made.getpixel((rendition.width // 2, 5)))
            assert not is_red(made.getpixel((rendition.width // 2, rendition.height - 5)))


def test_transparent_becomes_white(tmp_path: Path, out_dir: Path) -> None:
    Image.new("RGBA", (320, 180), (255, 0, 0, 0)).save(tmp_path / "cover.png")
    prepare_cover(tmp_path / "cover.png", out_dir, WIDTHS)
    with Image.open(out_dir / "cover-320.webp") as made:
        assert made.getpixel((100, 100)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "I;16"])
def test_other_colour_modes(tmp_path: Path, out_dir: Path, mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    Image.new(mode, (320, 180)).save(tmp_path / "cover", kind)
    assert len(prepare_cover(tmp_path / "cover", out_dir, WIDTHS).renditions) == 2


def test_a_moving_picture_gives_its_first(tmp_path: Path, out_dir: Path) -> None:
    red, blue = (Image.new("RGB", (320, 180), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "cover.gif", save_all=True, append_images=[blue])
    prepare_cover(tmp_path / "cover.gif", out_dir, WIDTHS)
    with Image.open(out_dir / "cover-320.webp") as made:
        assert is_red(made.getpixel((100, 100)))


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n",
        b"",
        b"<html></html>",
        b"BM" + bytes(100),
    ],
)
def test_what_is_no_picture_of_ours_is_refused(tmp_path: Path, out_dir: Path, content: bytes) -> None:
    (tmp_path / "cover.png").write_bytes(content)
    assert refusal(tmp_path / "cover.png", out_dir) == "not_an_image"


def test_a_bomb_is_refused(tmp_path: Path, out_dir: Path) -> None:
    Image.new("1", (12000, 12000)).save(tmp_path / "bomb.png", optimize=True)
    assert (tmp_path / "bomb.png").stat().st_size < 100_000
    assert refusal(tmp_path / "bomb.png", out_dir) == "too_many_pixels"


def test_the_largest_picture_allowed_fits_into_the_sandbox(tmp_path: Path, out_dir: Path) -> None:
    Image.new("RGBA", (8000, 6250)).save(tmp_path / "large.png", compress_level=1)
    assert prepare_cover(tmp_path / "large.png", out_dir, WIDTHS).width == 8000


def test_too_small_and_cut_off(tmp_path: Path, out_dir: Path) -> None:
    halves(159, 300).save(tmp_path / "small.png")
    assert refusal(tmp_path / "small.png", out_dir) == "too_small"
    Image.effect_noise((640, 360), 80).save(tmp_path / "cut.png")
    data = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    assert refusal(tmp_path / "cut.png", out_dir) == "damaged"
