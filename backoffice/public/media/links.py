"""Addresses of media for pages: signed for videos, plain for covers (X-5)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import url_for

from backoffice import clock
from backoffice.config import settings
from backoffice.integrations.storage import signing
from backoffice.integrations.video.ladder import MASTER
from backoffice.integrations.video.stills import POSTER, STORYBOARD

# The holder of a link to what is free for all.
EVERYBODY = 0


def video_prefix(upload_id: str) -> str:
    """Where the storage keeps the products of a video; a token opens all of it."""
    return f"video/{upload_id}"


def signed_url(upload_id: str, viewer_id: int, name: str) -> str:
    """A link to one file of a video that opens it for the link's life. Whoever asks has checked the viewer's right.

    `viewer_id` is EVERYBODY on free previews. Playlists name their files relatively, so that one token serves all.
    """
    token = _token(video_prefix(upload_id), viewer_id)
    return url_for("media.stream", token=token, upload_id=upload_id, name=name)


def _token(prefix: str, viewer_id: int) -> str:
    return signing.sign(
        settings().secret_key.encode(),
        prefix=prefix,
        viewer_id=viewer_id,
        expires_at=clock.now() + timedelta(minutes=settings().media_link_minutes),
    )


def captions_prefix(caption_id: int) -> str:
    """What a token for captions opens."""
    return f"captions/{caption_id}"


def signed_captions_url(caption_id: int, viewer_id: int) -> str:
    """A link to captions, as `signed_url` gives one to a file of a video."""
    token = _token(captions_prefix(caption_id), viewer_id)
    return url_for("media.captions", token=token, caption_id=caption_id)


def signed_master_url(upload_id: str, viewer_id: int) -> str:
    """The link that a player is given."""
    return signed_url(upload_id, viewer_id, MASTER)


def signed_poster_url(upload_id: str, viewer_id: int) -> str:
    """The still picture that a player shows before it plays."""
    return signed_url(upload_id, viewer_id, POSTER)


def signed_storyboard_url(upload_id: str, viewer_id: int) -> str:
    """The track of small pictures that a player shows while one looks for a place."""
    return signed_url(upload_id, viewer_id, STORYBOARD)


def cover_url(upload_id: str, asset: Mapping[str, Any], width: int = 960) -> str:
    """The rendition of a finished picture that is nearest to `width` pixels; `asset` is the upload's."""
    nearest = min(asset["renditions"], key=lambda rendition: abs(rendition["width"] - width))
    return url_for("media.public_image", upload_id=upload_id, name=nearest["name"])
