"""What the author is told when nothing could be made of a file, by the stable code of the failure."""

from typing import Any

from flask_babel import lazy_gettext as _l

_DAMAGED = _l("The file is damaged. Export it again and upload the new file.")
_OURS = _l("The video could not be prepared. Try again; if it fails once more, export the file anew.")

SENTENCES: dict[str, Any] = {
    "not_a_video": _l(
        "This file is neither a video nor a sound recording in a format that we can read. MP4 with H.264 always works."
    ),
    "nothing_to_play": _l("There is neither a picture nor sound in this file."),
    "unsupported_codec": _l(
        "The video was made with a codec that we cannot read. Export it as MP4 with H.264 and AAC."
    ),
    "too_large_picture": _l("The picture is larger than 4096 × 2304 points. Export the video in a smaller size."),
    "too_high_frame_rate": _l("The video has more than 240 pictures per second. Export it with 60 or fewer."),
    "too_many_streams": _l("The file holds too many tracks. Export it with one picture and one sound track."),
    "too_long": _l("The video is longer than 12 hours. Divide it into several lectures."),
    "too_short": _l("The video is shorter than one second."),
    "too_few_pictures": _l("The video has almost no pictures for its length. Export it again."),
    "truncated": _l("The end of the file is missing. Export it again and upload the new file."),
    "damaged": _DAMAGED,
    "too_heavy": _l("Reading this file takes more time or memory than we can give it. Export it again, or smaller."),
    "ffmpeg_failed": _OURS,
    "out_of_limits": _l("Preparing this video takes more time or memory than we can give it. Export it smaller."),
    "disk_full": _l(
        "There is no room left on our side. Nothing is wrong with your file; it goes on by itself when there is room."
    ),
    "not_equipped": _l(
        "Files cannot be prepared at the moment. Nothing is wrong with yours; it goes on by itself when we are ready."
    ),
    "incomplete_output": _OURS,
    "length_differs": _l("The prepared video was not as long as yours. Export the file again and upload the new one."),
    "not_an_image": _l("This file is not a picture that we can read. PNG, JPEG, WebP, GIF and AVIF work."),
    "too_many_pixels": _l("The picture has more than 50 million points. Save it in a smaller size."),
    "too_small": _l("The picture is too small. It needs at least 480 × 270 points."),
    "wrong_type": _l("The content of this file is not what its name says. Save it again in its own format."),
    "source_missing": _l("The file that you sent is no longer here. Upload it again."),
    "gave_up": _l("The processing stopped several times on our side. Try again later, or export the file anew."),
}


def error_sentence(code: str | None) -> Any:
    """The (lazily translated) sentence for an upload's `error_code`; empty without one, a general one if unknown."""
    return SENTENCES.get(code, _l("Something went wrong with this file. Try again.")) if code else ""
