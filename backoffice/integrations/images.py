"""Course covers: an uploaded picture is decoded in the sandbox and only its re-encoded copies are kept (C-1)."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backoffice.integrations.video import sandbox

CHILD = Path(__file__).with_name("cover_child.py")
MAX_PIXELS = 50_000_000
WIDTHS = (480, 960, 1600)
_RIGHTS = sandbox.Limits(wall_s=60, cpu_s=30, memory_bytes=sandbox.GIB, file_bytes=20 * sandbox.MIB)


class ImageRefused(Exception):
    """The picture is at fault: `code` is stable and for the author, `detail` is for the operator."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ImageRendition:
    """One WebP file in the output folder: pixels and bytes."""

    name: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """The source as seen upright (pixels, format name), its 16:9 renditions, smallest first, and all of it in small."""

    format: str
    width: int
    height: int
    renditions: tuple[ImageRendition, ...]
    whole: ImageRendition


def prepare_cover(
    path: Path, out_dir: Path, widths: Sequence[int] = WIDTHS, *, crop: Mapping[str, int] | None = None
) -> ImageInfo:
    """Write `cover-<width>.webp` into the existing folder `out_dir` for each width that the source has, never upscaled.

    Crops to 16:9, the middle or the given part (as `Upload.crop`), turns upright, drops all metadata. All of the
    picture is written in small as `whole.webp`. Raises `ImageRefused`, `sandbox.SandboxBroken`.
    """
    lines: list[str] = []
    argv = [sys.executable, "-I", str(CHILD), str(path.absolute()), str(MAX_PIXELS), json.dumps(list(widths))]
    argv.append(json.dumps(dict(crop) if crop is not None else None))
    try:
        ended = sandbox.run(argv, limits=_RIGHTS, cwd=out_dir, on_line=lines.append)
    except sandbox.LimitExceeded as error:
        raise ImageRefused("too_heavy", str(error)) from error
    if ended.returncode < 0:
        raise ImageRefused("damaged", f"the reader died of signal {-ended.returncode}")
    if ended.returncode != 0 or not lines:
        raise sandbox.SandboxBroken(ended.stderr.strip())
    facts: dict[str, Any] = json.loads(lines[-1])
    if "error" in facts:
        raise ImageRefused(facts["error"], facts["detail"])
    renditions = tuple(ImageRendition(**rendition) for rendition in facts.pop("renditions"))
    return ImageInfo(renditions=renditions, whole=ImageRendition(**facts.pop("whole")), **facts)
