"""Files for download: what they are is looked at, never opened, and says nothing about how they are served (C-4).

They are only ever saved by a browser, see `storage.ranges`; the look is so that a name does not lie to students.
"""

from pathlib import Path

import filetype

_LOOK_BYTES = 8 * 1024
_OFFICE = ("zip", "doc", "xls", "ppt")
# Endings whose files have marks of their own, with what may be found in them.
_FOUND = {
    **{name: (name,) for name in ("pdf", "png", "gif", "webp", "mp3", "m4a", "ogg", "wav", "zip", "7z", "rtf")},
    "jpg": ("jpg",),
    "jpeg": ("jpg",),
    "epub": ("epub", "zip"),
    **{name: (name, "zip") for name in ("docx", "xlsx", "pptx", "odt", "ods", "odp")},
}
_UNICODE_MARKS = (b"\xff\xfe", b"\xfe\xff")


class FileRefused(Exception):
    """The content is not what the name says: `code` is stable and for the author, `detail` is for the operator."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def check(path: Path, filename: str) -> None:
    """Look at the first bytes. Raises `FileRefused` `wrong_type` when they are of another kind than the name says."""
    ending = filename.rpartition(".")[2].lower()
    with path.open("rb") as file:
        start = file.read(_LOOK_BYTES)
    guess = filetype.guess(start)
    found = guess.extension if guess is not None else None
    if ending in _FOUND:
        fits = found in _FOUND[ending]
    elif ending in ("doc", "xls", "ppt"):
        fits = found in _OFFICE
    else:
        fits = found is None and (b"\0" not in start or start.startswith(_UNICODE_MARKS))
    if not fits:
        raise FileRefused("wrong_type", f"{ending}: {found or 'unknown'}")
