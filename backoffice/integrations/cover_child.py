"""Runs as a script inside the sandbox, never imported: one uploaded picture becomes the renditions of a cover.

argv: path, most pixels, widths as a JSON list, the part to show as JSON (x, y, width in parts of 10,000, or null for
the middle). Writes into the working folder and knows Pillow alone. Prints facts, or `{"error": …, "detail": …}`.
"""

import json
import sys
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
ASPECT = 16 / 9
QUALITY = 82
WHOLE_NAME, WHOLE_SIDE = "whole.webp", 1280
PARTS = 10_000
ORIENTATION, SIDEWAYS = 0x0112, range(5, 9)


def main(path: str, widths: list[int], crop: dict[str, int] | None) -> dict[str, object]:
    with Image.open(path, formats=FORMATS) as picture:
        width, height = picture.size
        if picture.getexif().get(ORIENTATION) in SIDEWAYS:
            width, height = height, width
        facts: dict[str, object] = {"format": picture.format, "width": width, "height": height}
        share = crop["width"] / PARTS if crop else min(1, height * ASPECT / width)
        room = round(width * share)
        if room < min(widths):
            return {"error": "too_small", "detail": f"{width}x{height}"}
        # A JPEG can be decoded smaller at once; harmless for the rest.
        side = round(2 * max(widths) / share)
        picture.draft("RGB", (side, side))
        upright = plain(ImageOps.exif_transpose(picture))
    box = part(upright, crop)
    renditions = [rendition(upright, box, width) for width in sorted(widths) if width <= room]
    return facts | {"renditions": renditions, "whole": whole(upright)}


Box = tuple[float, float, float, float]


def part(picture: Image.Image, crop: dict[str, int] | None) -> Box:
    """The box in 16:9 that is shown: the chosen one, or the middle of the picture."""
    if crop is None:
        wide = min(picture.width, picture.height * ASPECT)
        left, top = (picture.width - wide) / 2, (picture.height - wide / ASPECT) / 2
    else:
        wide = picture.width * crop["width"] / PARTS
        left = min(picture.width * crop["x"] / PARTS, picture.width - wide)
        # A last thousandth may be lost by rounding.
        top = min(picture.height * crop["y"] / PARTS, max(picture.height - wide / ASPECT, 0))
    return (left, top, left + wide, min(top + wide / ASPECT, picture.height))


def plain(picture: Image.Image) -> Image.Image:
    """In RGB, or RGBA where something is transparent."""
    if picture.mode in ("RGB", "RGBA"):
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def rendition(picture: Image.Image, box: Box, width: int) -> dict[str, object]:
    """A part of the picture in 16:9."""
    size = (width, round(width / ASPECT))
    return saved(f"cover-{width}.webp", picture.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0))


def whole(picture: Image.Image) -> dict[str, object]:
    """All of the picture, to choose a part of it."""
    scale = min(1, WHOLE_SIDE / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return saved(WHOLE_NAME, picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def saved(name: str, picture: Image.Image) -> dict[str, object]:
    """Written as WebP on white, without any metadata."""
    plain = Image.new("RGB", picture.size, "white")
    plain.paste(picture, mask=picture if picture.mode == "RGBA" else None)
    plain.save(name, "WEBP", quality=QUALITY, method=4)
    return {"name": name, "width": plain.width, "height": plain.height, "size_bytes": Path(name).stat().st_size}


def answer(path: str, max_pixels: str, widths: str, crop: str) -> dict[str, object]:
    Image.MAX_IMAGE_PIXELS = int(max_pixels)
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        return main(path, json.loads(widths), json.loads(crop))
    except UnidentifiedImageError as error:
        return {"error": "not_an_image", "detail": str(error)}
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        return {"error": "too_many_pixels", "detail": str(error)}
    except MemoryError as error:
        return {"error": "too_heavy", "detail": str(error)}
    except Exception as error:  # whatever hostile bytes provoke is an answer about the file
        return {"error": "damaged", "detail": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(*sys.argv[1:])) + "\n")
