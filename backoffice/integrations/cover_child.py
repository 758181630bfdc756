"""Runs as a script inside the sandbox, never imported: one uploaded picture becomes the renditions of a cover.

argv: path, most pixels, widths as a JSON list. Writes into the working folder and knows Pillow alone. Prints facts,
or `{"error": …, "detail": …}`.
"""

import json
import sys
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
ASPECT = 16 / 9
QUALITY = 82
ORIENTATION, SIDEWAYS = 0x0112, range(5, 9)


def main(path: str, widths: list[int]) -> dict[str, object]:
    with Image.open(path, formats=FORMATS) as picture:
        width, height = picture.size
        if picture.getexif().get(ORIENTATION) in SIDEWAYS:
            width, height = height, width
        facts: dict[str, object] = {"format": picture.format, "width": width, "height": height}
        room = min(width, round(height * ASPECT))
        if room < min(widths):
            return {"error": "too_small", "detail": f"{width}x{height}"}
        # A JPEG can be decoded smaller at once; harmless for the rest.
        picture.draft("RGB", (2 * max(widths), 2 * max(widths)))
        upright = plain(ImageOps.exif_transpose(picture))
    return facts | {"renditions": [rendition(upright, width) for width in sorted(widths) if width <= room]}


def plain(picture: Image.Image) -> Image.Image:
    """In RGB, or RGBA where something is transparent."""
    if picture.mode in ("RGB", "RGBA"):
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def rendition(picture: Image.Image, width: int) -> dict[str, object]:
    """The middle of the picture in 16:9, on white, without any metadata."""
    height = round(width / ASPECT)
    wide = min(picture.width, picture.height * ASPECT)
    left, top = (picture.width - wide) / 2, (picture.height - wide / ASPECT) / 2
    box = (left, top, left + wide, top + wide / ASPECT)
    small = picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    cover = Image.new("RGB", small.size, "white")
    cover.paste(small, mask=small if small.mode == "RGBA" else None)
    name = f"cover-{width}.webp"
    cover.save(name, "WEBP", quality=QUALITY, method=4)
    return {"name": name, "width": width, "height": height, "size_bytes": Path(name).stat().st_size}


def answer(path: str, max_pixels: str, widths: str) -> dict[str, object]:
    Image.MAX_IMAGE_PIXELS = int(max_pixels)
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        return main(path, json.loads(widths))
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
