"""Runs as a script in the sandbox, never imported: counts what is in our own coded files and times it.

argv: names of files. Writes one JSON object per file. Nothing is decoded.
"""

import json
import sys
from itertools import pairwise

import av


def look_at(path: str) -> dict[str, object]:
    with av.open(path) as container:
        stream = container.streams[0]
        stamps: list[int] = []
        keys: list[int] = []
        for packet in container.demux(stream):
            if packet.size == 0 or packet.pts is None:
                continue
            stamps.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
        stamps.sort()
        base = float(stream.time_base or 0)
        gaps = [later - earlier for earlier, later in pairwise(stamps)]
        return {
            "packets": len(stamps),
            "start_s": stamps[0] * base if stamps else 0.0,
            "gaps_s": [min(gaps) * base, max(gaps) * base] if gaps else [],
            "keys_s": [round(key * base, 6) for key in keys] if stream.type == "video" else [],
        }


def head_of(path: str) -> dict[str, object]:
    """What a decoder is set up with."""
    with av.open(path) as container:
        return {"head": (container.streams[0].codec_context.extradata or b"").hex()}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        answer = head_of(name) if name.endswith(".nut") else look_at(name)
        sys.stdout.write(json.dumps(answer) + "\n")
