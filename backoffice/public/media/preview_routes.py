"""What is ready of a video can be watched by its author and by staff while the rest is being made (T-5, X-5)."""

import re
import time
from pathlib import Path

from flask import Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from backoffice.access import Action
from backoffice.db import db
from backoffice.integrations.storage.ranges import range_response
from backoffice.integrations.storage.scratch import watchable_folder
from backoffice.integrations.video.beginnings import playlist_as_it_is
from backoffice.integrations.video.ladder import MASTER
from backoffice.models.media import UploadState
from backoffice.public.media.links import signed_url
from backoffice.public.media.routes import bp
from backoffice.public.sessions import viewer
from backoffice.queries.preparing import Preparing, preparing

_NAME = re.compile(r"[a-z0-9]+\.(m3u8|m4s)")
# A playlist is written anew in one go: whoever finds it empty needs not wait long.
LOOKS, LOOK_STEP_S = 5, 0.05


@bp.get("/uploads/<upload_id>/preview")
def preview(upload_id: str) -> str:
    """A page with a player for what is there; it plays on into what is made meanwhile."""
    video = _visible(upload_id)
    ready = video.state is UploadState.DONE or can_be_watched(upload_id)
    hls_url = url_for("media.preview_file", upload_id=upload_id, name=MASTER) if ready else ""
    return render_template("media/preview.html", video=video, hls_url=hls_url)


@bp.get("/uploads/<upload_id>/preview/<name>")
def preview_file(upload_id: str, name: str) -> BaseResponse:
    """A playlist as it stands, or a range of a file that grows; players of a finished video are led to its own."""
    video = _visible(upload_id)
    if not _NAME.fullmatch(name):
        abort(404)
    if video.state is UploadState.DONE:
        return redirect(signed_url(video.products_id, viewer().actor.person_id, name))
    path = _path(upload_id, video, name)
    if path is None:
        abort(404)
    # The bytes may take minutes; the connection to the database is not kept for them.
    db.session.close()
    if path.suffix != ".m3u8":
        try:
            response: BaseResponse = range_response(path, request.environ)
        except FileNotFoundError:
            abort(404)
    else:
        text = _playlist(path)
        if text is None:
            abort(404)
        response = Response(text, mimetype="application/vnd.apple.mpegurl")
    response.headers["Cache-Control"] = "no-store"
    return response


def can_be_watched(upload_id: str) -> bool:
    """Whether there is something to play of a video that is not finished."""
    video = preparing(upload_id)
    path = None if video is None else _path(upload_id, video, MASTER)
    return path is not None and playlist_as_it_is(path) is not None


def _visible(upload_id: str) -> Preparing:
    """The video, when it is the viewer's own or the viewer looks after uploads; else 404."""
    video = preparing(upload_id)
    may = video is not None and (video.owner_id == viewer().id or viewer().actor.may(Action.SEE_STUCK_UPLOADS))
    if video is None or not may:
        abort(404)
    return video


def _path(upload_id: str, video: Preparing, name: str) -> Path | None:
    if video.state is not UploadState.TRANSCODING:
        return None
    folder = watchable_folder(upload_id, video.attempt)
    return None if folder is None else folder / name


def _playlist(path: Path) -> str | None:
    for _look in range(LOOKS):
        if text := playlist_as_it_is(path):
            return text
        time.sleep(LOOK_STEP_S)
    return None
