"""How loud a sound track is, and what brings every lecture to the same loudness (C-4).

Measured in the pass that hears the whole track anyway, after the same conversion to stereo that the renditions get.
"""

import re
from dataclasses import dataclass

TARGET_LUFS = -16.0
MOST_PEAK_DBTP = -1.5
# Below this there is nothing to be heard, and lifting it would lift the noise of the microphone.
SILENCE_LUFS = -60.0
MOST_GAIN_DB = 30.0
STEREO = "aformat=sample_rates=48000:channel_layouts=stereo"
# Not by `aformat`: what stands before it would be given stereo as well, and measure a mono track 3 dB too low.
MEASURE = "aresample=osr=48000:ochl=stereo,ebur128=peak=true:framelog=quiet"

# Between samples a wave stands higher than at them, and AAC adds some: hence the four-fold rate and the margin.
_LIMITER = "aresample=192000,alimiter=limit=0.7:level=disabled,aresample=48000"
_MARGIN_DB = 1.0
_INTEGRATED = re.compile(r"^\s*I:\s*(-?[\d.]+) LUFS", re.MULTILINE)
_PEAK = re.compile(r"^\s*Peak:\s*(-?[\d.]+) dBFS", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of a whole track, by EBU R 128: integrated loudness in LUFS, true peak in dBTP."""

    lufs: float
    peak_dbtp: float


@dataclass(frozen=True, slots=True)
class Leveling:
    """One gain in dB for the whole track; `limited` when peaks would otherwise come too high."""

    gain_db: float = 0.0
    limited: bool = False

    def filters(self) -> str:
        """What ffmpeg does to the stereo sound at 48 kHz; empty when it is left as it is."""
        if not self.gain_db and not self.limited:
            return ""
        return f"volume={self.gain_db:.2f}dB" + (f",{_LIMITER}" if self.limited else "")


UNTOUCHED = Leveling()


def read_report(report: str) -> Loudness | None:
    """What the filter said at its end; None without a track, for silence, and for less than it takes to measure."""
    levels, peaks = _INTEGRATED.findall(report), _PEAK.findall(report)
    if not levels or not peaks or float(levels[-1]) <= SILENCE_LUFS:
        return None
    return Loudness(float(levels[-1]), float(peaks[-1]))


def leveling(measured: Loudness | None) -> Leveling:
    """What brings a track to the house's loudness without a peak above the limit; silence stays untouched."""
    if measured is None:
        return UNTOUCHED
    gain_db = round(min(TARGET_LUFS - measured.lufs, MOST_GAIN_DB), 2)
    return Leveling(gain_db, limited=measured.peak_dbtp + gain_db > MOST_PEAK_DBTP - _MARGIN_DB)
