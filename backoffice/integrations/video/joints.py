"""The proof that a joined video is whole: every picture counted and at its time, every key frame on the grid."""

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from backoffice.integrations.video import ladder, sandbox
from backoffice.integrations.video.hls import TranscodeFailed
from backoffice.integrations.video.probe import VideoInfo

SOUND_FILE = "sound.m4a"
CHILD = Path(__file__).with_name("joints_child.py")
# Containers keep times in ticks of their own.
_TICK_S = 0.0005


@dataclass(frozen=True, slots=True)
class Made:
    """What the jobs have left: a folder and a number of pictures for each chunk, in order, and the sound's folder."""

    chunks: Sequence[tuple[Path, int]]
    sound: Path | None


def prove(
    made: Made, info: VideoInfo, out_dir: Path, rungs: list[str], on_wake: Callable[[], None] = lambda: None
) -> None:
    """Raises `TranscodeFailed` with `incomplete_output` and what is wrong where.

    `on_wake` is called five times a second: long files take their time to be read.
    """
    heads = [folder / f"{rung}.nut" for rung in rungs for folder, _ in made.chunks]
    files = [out_dir / f"{rung}.m4s" for rung in rungs]
    sounds = [out_dir / f"{ladder.AUDIO_RENDITION}.m4s", made.sound / SOUND_FILE] if made.sound else []
    answers = _read([*heads, *files, *sounds], info, out_dir, on_wake)
    for number, rung in enumerate(rungs):
        alike = {answer["head"] for answer in answers[number * len(made.chunks) :][: len(made.chunks)]}
        if len(alike) != 1:
            raise TranscodeFailed("incomplete_output", f"the chunks of {rung} were coded in different ways")
    for rung, facts in zip(rungs, answers[len(heads) :], strict=False):
        _prove_picture(rung, facts, info, sum(pictures for _, pictures in made.chunks))
    if made.sound:
        joined, coded = (facts["packets"] for facts in answers[-2:])
        if joined != coded or not coded:
            raise TranscodeFailed("incomplete_output", f"{joined} of {coded} pieces of sound")


def _prove_picture(rung: str, facts: dict[str, Any], info: VideoInfo, pictures: int) -> None:
    rate = ladder.frame_rate(info)
    if facts["packets"] != pictures:
        raise TranscodeFailed("incomplete_output", f"{rung} has {facts['packets']} of {pictures} pictures")
    if any(abs(gap_s - 1 / rate) > _TICK_S for gap_s in facts["gaps_s"]) or abs(facts["start_s"]) > _TICK_S:
        raise TranscodeFailed("incomplete_output", f"{rung} stands {facts['gaps_s']} s apart")
    belong = [math.ceil(number * ladder.KEY_FRAME_S * rate) for number in range(pictures)]
    grid = [float(picture / rate) for picture in takewhile(lambda picture: picture < pictures, belong)]
    keys = facts["keys_s"]
    if len(keys) != len(grid) or any(abs(key - at) > _TICK_S for key, at in zip(keys, grid, strict=True)):
        raise TranscodeFailed("incomplete_output", f"{rung} has {len(keys)} key frames where {len(grid)} belong")


def _read(paths: list[Path], info: VideoInfo, out_dir: Path, on_wake: Callable[[], None]) -> list[dict[str, Any]]:
    lines: list[str] = []
    argv = [sys.executable, "-I", str(CHILD), *map(str, paths)]
    rights = sandbox.Limits(
        wall_s=120 + info.duration_s,
        cpu_s=int(60 + info.duration_s / 4),
        memory_bytes=2 * sandbox.GIB,
        file_bytes=0,
    )
    try:
        ended = sandbox.run(argv, limits=rights, cwd=out_dir, on_line=lines.append, on_wake=on_wake)
    except sandbox.LimitExceeded as error:
        raise TranscodeFailed("out_of_limits", f"proof: {error}") from error
    if ended.returncode != 0 or len(lines) != len(paths):
        raise TranscodeFailed("incomplete_output", ended.stderr.strip()[-2000:])
    return [json.loads(line) for line in lines]
