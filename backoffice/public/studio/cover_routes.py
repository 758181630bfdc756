"""The cover of a course: how far it is, and which part of its picture it shows (C-1)."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from backoffice.errors import DomainError
from backoffice.integrations.images import WIDTHS
from backoffice.operations import covers
from backoffice.operations.covers import PARTS, Crop
from backoffice.public.media.messages import error_sentence
from backoffice.public.sessions import viewer
from backoffice.public.studio import desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.forms import CropForm
from backoffice.public.studio.routes import Page, own
from backoffice.queries.media import CoverPicture, cover_picture, upload_status

ASPECT = 16 / 9


@bp.get("/courses/<int:course_id>/cover/state")
def cover_state(course_id: int) -> str:
    """How far the cover is, asked for until it is done or failed (T-5)."""
    head = desk.load(course_id)
    cover = own(upload_status(head.cover_upload_id)) if head.cover_upload_id else None
    reason = error_sentence(cover.error_code) if cover else ""
    return render_template("studio/_cover.html", course=head, cover=cover, cover_error=reason)


@bp.route("/courses/<int:course_id>/cover", methods=["GET", "POST"])
def cover(course_id: int) -> Page:
    """Choose the part of the picture that the cover shows."""
    head = desk.load(course_id)
    picture = cover_picture(head.cover_upload_id) if head.cover_upload_id else None
    if picture is None:
        # Covers of the time before originals were kept, and those that are not ready.
        flash(_("The original of this cover is not here, so no part of it can be chosen. Upload it again."), "info")
        return redirect(url_for("studio.texts", course_id=course_id, _anchor="cover"))
    form = CropForm(data={**_part(picture), "shown_upload_id": picture.upload_id})
    if form.validate_on_submit():
        try:
            covers.crop_cover(
                actor=viewer().actor,
                course_id=course_id,
                shown_upload_id=form.shown_upload_id.data or "",
                crop=Crop(x=form.x.data, y=form.y.data, width=form.width.data),
            )
        except DomainError as error:
            flash(str(error.message), "error")
        else:
            flash(_("Saved. The cover is being made."), "success")
            return redirect(url_for("studio.texts", course_id=course_id, _anchor="cover"))
    least = min(PARTS, -(-min(WIDTHS) * PARTS // picture.width))
    limits = {"least": least, "most": max(least, _widest(picture))}
    page = desk.page("studio/cover.html", head, current="texts", picture=picture, form=form, limits=limits)
    return page, 422 if request.method == "POST" else 200


def _widest(picture: CoverPicture) -> int:
    return min(PARTS, int(picture.height * ASPECT * PARTS / picture.width))


def _part(picture: CoverPicture) -> dict[str, int]:
    """The part that is shown now: the chosen one, or the middle."""
    if picture.crop is not None:
        return picture.crop
    width = _widest(picture)
    height = int(covers.crop_height(width, {"width": picture.width, "height": picture.height}))
    return {"x": (PARTS - width) // 2, "y": max(0, (PARTS - height) // 2), "width": width}
