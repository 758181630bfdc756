"""The pictures around a video, made of our own renditions and never of the upload: near to free, and not hostile."""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from backoffice.integrations.video.ladder import KEY_FRAME_S, Rung

POSTER = "poster.jpg"
POSTER_SHORT_SIDE = 720
STORYBOARD = "storyboard.vtt"
SHEET = "storyboard-{number:02}.jpg"

_SHEET_PATTERN = "storyboard-%02d.jpg"
_CELL_LONG_SIDE = 160
_CELLS_A_SIDE = 10
# Three sheets of some 150 KB for an hour, and a picture every two seconds up to ten minutes.
_MOST_CELLS = 300
# showwavespic keeps the whole track in memory: at this rate half a day is 350 MB.
_WAVE_HZ = 4000
_JPEG = ("-q:v", "4", "-f", "image2")
_FULL_RANGE = "scale=out_range=pc,format=yuvj420p"


@dataclass(frozen=True, slots=True)
class Storyboard:
    """Small pictures at equal distances, `columns` × `rows` on a sheet, each `width` × `height` pixels."""

    every_s: int
    cells: int
    columns: int
    rows: int
    width: int
    height: int

    @property
    def sheets(self) -> tuple[str, ...]:
        """Names of the sheets, in order."""
        return tuple(SHEET.format(number=n + 1) for n in range(math.ceil(self.cells / (self.columns * self.rows))))


def poster_command(ffmpeg: Path, rendition: str, duration_s: float) -> list[str]:
    """A telling picture of a rendition's key frames from around a third of the video."""
    return [
        *(str(ffmpeg), "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-skip_frame:v", "nokey"),
        *("-noaccurate_seek", "-ss", f"{duration_s * 0.3:.3f}", "-f", "mov", "-i", rendition),
        *("-vf", f"thumbnail=n=8,setpts=0,{_FULL_RANGE}", "-frames:v", "1", *_JPEG, "-update", "1", POSTER),
    ]


def waveform_command(ffmpeg: Path, rendition: str) -> list[str]:
    """The shape of the sound on a dark ground, as the poster of a lecture that has no picture."""
    wave = f"aformat=sample_fmts=s16:sample_rates={_WAVE_HZ}:channel_layouts=mono,showwavespic=s=1120x300"
    graph = (
        f"color=c=0x20252e:s=1280x{POSTER_SHORT_SIDE}:r=1:d=1[ground];"
        f"[0:a]{wave}:colors=0x8fb3e8:scale=sqrt[wave];[ground][wave]overlay=(W-w)/2:(H-h)/2,{_FULL_RANGE}"
    )
    return [
        *(str(ffmpeg), "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-f", "mov", "-i", rendition),
        *("-filter_complex", graph, "-frames:v", "1", *_JPEG, "-update", "1", POSTER),
    ]


def plan_storyboard(rung: Rung, duration_s: float, rate: Fraction) -> Storyboard:
    """As many pictures as there are key frames, thinned out where those are more than anybody wants to load."""
    # The last key frame stands at or before the last frame, which begins one frame before the end.
    key_frames = 1 + int(max(duration_s - 0.9 / float(rate), 0) / KEY_FRAME_S)
    step = math.ceil(key_frames / _MOST_CELLS)
    cells = math.ceil(key_frames / step)
    columns = min(cells, _CELLS_A_SIDE)
    rows = min(math.ceil(cells / columns), _CELLS_A_SIDE)
    share = min(1.0, _CELL_LONG_SIDE / max(rung.width, rung.height))
    width, height = (max(2, round(side * share / 2) * 2) for side in (rung.width, rung.height))
    return Storyboard(step * KEY_FRAME_S, cells, columns, rows, width, height)


def storyboard_command(ffmpeg: Path, rendition: str, board: Storyboard) -> list[str]:
    """All sheets of the storyboard from a rendition's key frames."""
    pick = f"select=not(mod(n\\,{board.every_s // KEY_FRAME_S}))"
    tile = f"scale={board.width}:{board.height},{_FULL_RANGE},tile={board.columns}x{board.rows}"
    return [
        *(str(ffmpeg), "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-skip_frame:v", "nokey"),
        *("-f", "mov", "-i", rendition, "-vf", f"{pick},{tile}", "-fps_mode", "passthrough", *_JPEG, _SHEET_PATTERN),
    ]


def storyboard_track(board: Storyboard, duration_s: float) -> str:
    """The WebVTT that tells a player which part of which sheet belongs to which moment."""
    cues = ["WEBVTT"]
    for cell in range(board.cells):
        start, end = cell * board.every_s, min((cell + 1) * board.every_s, duration_s)
        on_sheet = cell % (board.columns * board.rows)
        sheet = board.sheets[cell // (board.columns * board.rows)]
        left, top = on_sheet % board.columns * board.width, on_sheet // board.columns * board.height
        cues.append(f"{_clock(start)} --> {_clock(end)}\n{sheet}#xywh={left},{top},{board.width},{board.height}")
    return "\n\n".join(cues) + "\n"


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    return f"{thousandths // 3_600_000:02}:{thousandths // 60_000 % 60:02}:{thousandths % 60_000 / 1000:06.3f}"
