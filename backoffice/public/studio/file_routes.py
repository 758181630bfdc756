"""One's own files: how much room they take up, what uses them, and deleting what nothing uses (X-5)."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.errors import DomainError
from backoffice.operations import own_files, uploads
from backoffice.public.media import part_file
from backoffice.public.media.messages import error_sentence
from backoffice.public.sessions import viewer
from backoffice.public.studio.blueprint import bp
from backoffice.queries import files


@bp.get("/files")
def file_list() -> str:
    """The bar of one's room, and one's files, the largest first."""
    actor = viewer().actor
    actor.require(Action.UPLOAD)
    return render_template(
        "studio/files.html",
        room=files.room_of(actor.person_id),
        files=files.files_of(actor.person_id, after=request.args.get("after", "")),
        page_size=files.PAGE_SIZE,
        error_sentence=error_sentence,
    )


@bp.post("/files/<upload_id>/delete")
def delete_file(upload_id: str) -> Response:
    """Delete a file that nothing uses."""
    try:
        own_files.delete(actor=viewer().actor, upload_id=upload_id)
    except DomainError as error:
        flash(str(error.message), "error")
    else:
        flash(_("The file is deleted."), "success")
    return redirect(url_for("studio.file_list"))


@bp.post("/files/<upload_id>/cancel")
def cancel_file(upload_id: str) -> Response:
    """Forget a file that is on its way, with the bytes that have come."""
    try:
        uploads.discard(actor=viewer().actor, upload_id=upload_id)
    except DomainError as error:
        flash(str(error.message), "error")
    else:
        part_file.remove(upload_id)
        flash(_("The upload is cancelled."), "success")
    return redirect(url_for("studio.file_list"))
