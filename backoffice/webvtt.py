"""Captions: WebVTT or SRT as people have it becomes clean WebVTT, or is refused with the number of the line (C-4).

What is kept of a file is times, where a caption stands, its text, bold, italics, underlining and who speaks. Styles,
regions, notes, classes and all other tags are left out. Cleaning what is clean changes nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from flask_babel import lazy_gettext as _l

from backoffice.errors import Refused

BYTES_MAX = 1_500_000
CUES_MAX = 10_000
CUE_CHARS_MAX = 1_000
WRITTEN_CHARS_MAX = 10 * CUE_CHARS_MAX
AT_ONCE_MAX = 3
HOURS_MAX = 24

_HEADER = re.compile(r"WEBVTT(?:[ \t].*)?")
_BLOCKS_LEFT_OUT = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_MOMENT = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"[ \t]*{_MOMENT}[ \t]*-->[ \t]*{_MOMENT}(?:[ \t]+(.*))?")
_PLACE = re.compile(
    r"vertical:(?:rl|lr)|align:(?:start|center|end|left|right)|size:\d{1,3}(?:\.\d{1,3})?%"
    r"|line:-?\d{1,3}(?:\.\d{1,3})?%?(?:,(?:start|center|end))?"
    r"|position:\d{1,3}(?:\.\d{1,3})?%(?:,(?:line-left|center|line-right))?"
)
_TAG = re.compile(r"<(/?)([a-zA-Z]++|\d[\d:.]*+(?=>))([^<>]*+)>")
_SPEAKER_CLASSES = re.compile(r"\.\S*")
# Of SSA, as players of SRT understand it: {\an8}.
_OVERRIDE = re.compile(r"\{\\[^{}]*+\}")
_UNREADABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
# All that WebVTT knows; others, by number above all, could bring in what was taken out before.
_ENTITIES = {
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&nbsp;": "\u00a0",
    "&lrm;": "",
    "&rlm;": "",
}
_ENTITY = re.compile("|".join(_ENTITIES))
_KEPT_TAGS = frozenset({"b", "i", "u", "v"})


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: milliseconds from the video's start, its place as WebVTT writes it, its clean text."""

    start: int
    end: int
    place: str
    text: str

    def __str__(self) -> str:
        place = f" {self.place}" if self.place else ""
        return f"{_written(self.start)} --> {_written(self.end)}{place}\n{self.text}\n"

    @property
    def seconds(self) -> int:
        """When it begins, in whole seconds."""
        return self.start // 1000

    @property
    def plain(self) -> str:
        """The text alone, on one line."""
        return " ".join(_unescaped(_TAG.sub("", self.text)).split())


@dataclass(frozen=True, slots=True)
class Captions:
    """Clean WebVTT; `encoding` is what the file was written in: `utf-8`, `utf-16` or `windows-1251`."""

    text: str
    cues: int
    encoding: str


def clean(data: bytes) -> Captions:
    """Captions of a file's bytes. Refused with the field `captions`, and the `line` where there is one.

    Errors: `captions.too_large`, `captions.encoding`, `captions.empty`, `captions.too_many`, `captions.time_missing`,
    `captions.time`, `captions.order`, `captions.overlap`, `captions.gap_missing`, `captions.too_long`.
    """
    _require_size(len(data))
    text, encoding = _decoded(data)
    cues: list[Cue] = []
    shown: list[int] = []
    for line, cue in _cues(_UNREADABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")):
        if cues and cue.start < cues[-1].start:
            raise _refused("order", _l("Line %(line)s: this caption begins before the one above it.", line=line), line)
        while shown and shown[0] <= cue.start:
            heappop(shown)
        heappush(shown, cue.end)
        if len(shown) > AT_ONCE_MAX:
            message = _l(
                "Line %(line)s: more than %(limit)s captions at the same moment.", line=line, limit=AT_ONCE_MAX
            )
            raise _refused("overlap", message, line)
        if len(cues) == CUES_MAX:
            raise _refused(
                "too_many", _l("Line %(line)s: more than %(limit)s captions.", line=line, limit=CUES_MAX), line
            )
        cues.append(cue)
    if not cues:
        raise _refused("empty", _l("There is no caption in this file. WebVTT and SRT files can be read."))
    written = "\n".join(["WEBVTT\n", *map(str, cues)])
    _require_size(len(written.encode()))
    return Captions(written, len(cues), encoding)


def _require_size(count: int) -> None:
    if count > BYTES_MAX:
        raise _refused("too_large", _l("The file is larger than %(limit)s KB.", limit=BYTES_MAX // 1000))


def cues_of(text: str) -> list[Cue]:
    """The captions of clean WebVTT."""
    return [cue for _line, cue in _cues(text.split("\n"))]


@dataclass(frozen=True, slots=True)
class Line:
    """A caption beside another version of its text: `equal`, `added` or `removed`."""

    kind: str
    cue: Cue


def compare(before: list[Cue], after: list[Cue]) -> list[Line]:
    """All captions of both in the order of time; a caption is the same when its times and its text are."""
    old, new = set(before), set(after)
    lines = [Line("removed", cue) for cue in before if cue not in new]
    lines += [Line("equal" if cue in old else "added", cue) for cue in after]
    return sorted(lines, key=lambda line: line.cue.start)


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = [("utf-16", "utf-16")]
    elif b"\0" in data[:200]:
        encodings = [("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "utf-16")]
    else:
        encodings = [("utf-8-sig", "utf-8"), ("cp1251", "windows-1251")]
    for codec, name in encodings:
        try:
            return data.decode(codec), name
        except UnicodeDecodeError:
            continue
    raise _refused("encoding", _l("The letters of this file cannot be read. Save it as UTF-8."))


def _cues(lines: list[str]) -> Iterator[tuple[int, Cue]]:
    """The captions with the numbers of their lines of time, counted from 1."""
    blocks = _blocks(lines)
    if lines and _HEADER.fullmatch(lines[0]):
        _require_gap(next(blocks)[1], 1)
    for first, block in blocks:
        if _BLOCKS_LEFT_OUT.fullmatch(block[0]):
            continue
        # A name or a number may stand above the times.
        at = next((place for place, text in enumerate(block[:2]) if "-->" in text), None)
        if at is None:
            raise _refused("time_missing", _l("Line %(line)s: there is no time above this text.", line=first), first)
        line = first + at
        start, end, place = _times(block[at], line)
        text = _text(block[at + 1 :], line)
        if text:
            yield line, Cue(start, end, place, text)


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """What stands between empty lines, with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _times(written: str, line: int) -> tuple[int, int, str]:
    match = _TIMES.fullmatch(written)
    if match is None:
        message = _l("Line %(line)s: the times cannot be read. They look like 00:01:02.500 --> 00:01:04.000", line=line)
        raise _refused("time", message, line)
    start, end = _milliseconds(*match.groups()[:4]), _milliseconds(*match.groups()[4:8])
    if start is None or end is None or end > HOURS_MAX * 3_600_000:
        raise _refused("time", _l("Line %(line)s: there is no such time.", line=line), line)
    if end <= start:
        raise _refused("time", _l("Line %(line)s: this caption ends before it begins.", line=line), line)
    places = [place for place in (match[9] or "").split() if _PLACE.fullmatch(place)]
    return start, end, " ".join({place.partition(":")[0]: place for place in places}.values())


def _milliseconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> int | None:
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int(fraction.ljust(3, "0"))


def _written(moment: int) -> str:
    seconds, fraction = divmod(moment, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:03}"


def _text(lines: list[str], line: int) -> str:
    _require_gap(lines, line + 1)
    written = "\n".join(lines)
    # What is left out may be longer than the text, but not without end.
    marked = _marked(_OVERRIDE.sub("", written)) if len(written) <= WRITTEN_CHARS_MAX else ""
    if len(written) > WRITTEN_CHARS_MAX or len(_unescaped(marked)) > CUE_CHARS_MAX:
        message = _l("Line %(line)s: this caption has more than %(limit)s characters.", line=line, limit=CUE_CHARS_MAX)
        raise _refused("too_long", message, line)
    return "\n".join(kept for text in marked.split("\n") if (kept := text.strip()))


def _require_gap(lines: list[str], first: int) -> None:
    """There are no times among these lines, of which the first has this number."""
    for number, text in enumerate(lines, start=first):
        if "-->" in text:
            message = _l("Line %(line)s: an empty line is missing above this caption.", line=number)
            raise _refused("gap_missing", message, number)


def _marked(written: str) -> str:
    """The text with its safe tags, each closed; all others are left out, what stood in them stays."""
    parts: list[str] = []
    opened: list[str] = []
    end = 0
    for tag in _TAG.finditer(written):
        parts.append(_escaped(written[end : tag.start()]))
        end = tag.end()
        name = tag[2].lower()
        if name not in _KEPT_TAGS:
            continue
        if not tag[1]:
            opened.append(name)
            parts.append(f"<v {_speaker(tag[3])}>" if name == "v" else f"<{name}>")
        elif name in opened:
            while (inner := opened.pop()) != name:
                parts.append(f"</{inner}>")
            parts.append(f"</{name}>")
    parts.append(_escaped(written[end:]))
    return "".join(parts) + "".join(f"</{name}>" for name in reversed(opened))


def _speaker(written: str) -> str:
    """The name of `<v.loud Anna>`."""
    name = written if written.startswith((" ", "\t", "\n")) else _SPEAKER_CLASSES.sub("", written, count=1)
    return _escaped(" ".join(name.split())) or "–"


def _escaped(text: str) -> str:
    return _unescaped(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


def _refused(code: str, message: Any, line: int | None = None) -> Refused:
    return Refused(f"captions.{code}", message, field="captions", line=line)
