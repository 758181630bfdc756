"""Which renditions a video gets, and the ffmpeg command that makes all of them in one run."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from backoffice.integrations.video.ffmpeg import hostile_input
from backoffice.integrations.video.loudness import STEREO, UNTOUCHED, Leveling
from backoffice.integrations.video.probe import VideoInfo

MASTER = "master.m3u8"
AUDIO_RENDITION = "audio"
AUDIO_KBIT = 128
KEY_FRAME_S = 2
SEGMENT_S = 6
_FPS_MIN, _FPS_MAX = 5, 60
# No other streams and no words of the source, and progress on stdout.
NOTHING_ELSE = ("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-progress", "pipe:1", "-nostats")
# Short side in pixels → the most that rendition may cost in kbit/s; CRF decides below that.
_MOST_KBIT = ((240, 450), (360, 800), (480, 1400), (720, 2800), (1080, 5000), (1440, 9000), (2304, 16000))


@dataclass(frozen=True, slots=True)
class LadderSettings:
    """`rungs` are short sides in pixels; the sandbox is scaled by the length of the video (seconds per second)."""

    rungs: tuple[int, ...] = (1080, 720, 480, 360)
    wall_s_per_s: float = 60.0
    cpu_s_per_s: float = 20.0
    memory_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Rung:
    """One rendition to be made: both sides even, never larger than the source."""

    name: str
    width: int
    height: int
    most_kbit: int


def plan(info: VideoInfo, rungs: tuple[int, ...]) -> tuple[Rung, ...]:
    """The rungs this source gets, largest first; a source below all of them gets one of its own size, sound none."""
    if info.video_stream is None:
        return ()
    short = min(info.width, info.height)
    wanted = sorted({rung for rung in rungs if rung <= short}, reverse=True) or [short]
    return tuple(_rung(info, rung) for rung in wanted)


def _rung(info: VideoInfo, short: int) -> Rung:
    share = short / min(info.width, info.height)
    width, height = (max(2, round(side * share / 2) * 2) for side in (info.width, info.height))
    most = next((kbit for side, kbit in _MOST_KBIT if short <= side), _MOST_KBIT[-1][1])
    return Rung(f"{short}p", width, height, most)


def frame_rate(info: VideoInfo) -> Fraction:
    """Constant frames per second of all renditions: the source's average within 5…60."""
    average = Fraction(info.fps).limit_denominator(1001)
    return min(max(average, Fraction(_FPS_MIN)), Fraction(_FPS_MAX))


def command(
    ffmpeg: Path, source: Path, info: VideoInfo, rungs: tuple[Rung, ...], leveling: Leveling = UNTOUCHED
) -> list[str]:
    """One process for the whole ladder, writing into its working folder; key frames are aligned over all rungs."""
    argv = [str(ffmpeg), "-v", "error", *hostile_input(source, info)]
    argv += [*_picture_arguments(info, rungs), *sound_coding(info, leveling)]
    return [*argv, *NOTHING_ELSE, *packaging(rungs, has_audio=info.audio_stream is not None)]


def _picture_arguments(info: VideoInfo, rungs: tuple[Rung, ...]) -> list[str]:
    if not rungs:
        return []
    argv = ["-filter_complex", graph(info, rungs)]
    for number, rung in enumerate(rungs):
        argv += ["-map", f"[v{number}]", f"-maxrate:v:{number}", f"{rung.most_kbit}k"]
        argv += [f"-bufsize:v:{number}", f"{2 * rung.most_kbit}k"]
    return argv + picture_coding(info)


def picture_coding(info: VideoInfo, lead_s: Fraction = Fraction(0)) -> list[str]:
    """How each rung is coded; `lead_s` is how far the first picture lies behind the grid of the key frames."""
    grid = f"n_forced*{KEY_FRAME_S}" + (f"-{float(lead_s):.9f}" if lead_s else "")
    longest_gap = int(frame_rate(info) * KEY_FRAME_S * 2)
    return [
        *("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "23"),
        *("-force_key_frames", f"expr:gte(t,{grid})", "-sc_threshold", "0", "-g", str(longest_gap)),
    ]


def sound_coding(info: VideoInfo, leveling: Leveling = UNTOUCHED) -> list[str]:
    """The one sound rendition, brought to the house's loudness; nothing for a source without sound."""
    if info.audio_stream is None:
        return []
    filters = ",".join(filter(None, ("aresample=async=1000:first_pts=0", STEREO, leveling.filters())))
    return [
        *("-map", f"0:{info.audio_stream}", "-filter:a", filters),
        *("-c:a", "aac", "-b:a", f"{AUDIO_KBIT}k", "-ac", "2", "-ar", "48000"),
    ]


def graph(info: VideoInfo, rungs: tuple[Rung, ...], frames: int | None = None) -> str:
    """Each rung is scaled from the one above it; with `frames` all end after so many pictures."""
    rate = frame_rate(info)
    picture = f"[0:{info.video_stream}]fps={rate.numerator}/{rate.denominator}:start_time=0"
    if frames is not None:
        picture += f",trim=end_frame={frames}"
    chains = [f"{picture},{_scale(rungs[0], 0, rungs)}"]
    chains += [f"[n{above}]{_scale(rungs[above + 1], above + 1, rungs)}" for above, _ in enumerate(pairwise(rungs))]
    return ";".join(chains)


def _scale(rung: Rung, number: int, rungs: tuple[Rung, ...]) -> str:
    scale = f"scale={rung.width}:{rung.height},setsar=1,format=yuv420p"
    is_last = number == len(rungs) - 1
    return f"{scale}[v{number}]" if is_last else f"{scale},split=2[v{number}][n{number}]"


def packaging(rungs: tuple[Rung, ...], *, has_audio: bool) -> list[str]:
    """Single-file fMP4 per rendition. The playlists grow with their files, so that what is there can be played."""
    group = ",agroup:sound" if has_audio and rungs else ""
    streams = [f"v:{number}{group},name:{rung.name}" for number, rung in enumerate(rungs)]
    if has_audio:
        streams.append(f"a:0{group},{'default:yes,' if group else ''}name:{AUDIO_RENDITION}")
    return [
        *("-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_playlist_type", "event", "-hls_segment_type", "fmp4"),
        *("-hls_flags", "single_file+independent_segments", "-master_pl_name", MASTER),
        # Shifted starts would need two edits per track, and Chromium reads one: picture and sound would part.
        *("-avoid_negative_ts", "disabled", "-var_stream_map", " ".join(streams), "%v.m3u8"),
    ]
