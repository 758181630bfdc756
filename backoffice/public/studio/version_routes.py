"""The versions of a course: the list, the difference of any two, and an old one as a new draft (L-6)."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.errors import NotFound
from backoffice.operations import revisions
from backoffice.public.field_labels import FIELD_LABELS
from backoffice.public.incoming import whole_number
from backoffice.public.media.links import signed_master_url
from backoffice.public.sessions import viewer
from backoffice.public.studio import desk
from backoffice.public.studio.blueprint import bp
from backoffice.queries import versions
from backoffice.queries.contents import content_diff


@bp.get("/courses/<int:course_id>/versions")
def version_list(course_id: int) -> str:
    """Every version with who decided about it and when."""
    head = desk.load(course_id)
    rows = versions.versions(course_id, before=request.args.get("before", type=whole_number))
    return desk.page("studio/versions.html", head, current="versions", rows=rows, page_size=versions.PAGE_SIZE)


@bp.get("/courses/<int:course_id>/versions/<int:number>")
def version(course_id: int, number: int) -> str:
    """One version beside another, `against` its number; alone with 0 or a number that there is not."""
    head = desk.load(course_id)
    against = request.args.get("against", default=0, type=whole_number)
    ids = versions.revision_ids(course_id)
    if number not in ids:
        raise NotFound("revision.not_found", _("There is no such version."))
    return desk.page(
        "studio/version.html",
        head,
        current="versions",
        number=number,
        against=against if against in ids else 0,
        others=[other for other in ids if other != number],
        difference=content_diff(ids.get(against), ids[number]),
        labels=FIELD_LABELS,
        video_url=lambda upload_id: signed_master_url(upload_id, viewer().actor.person_id),
    )


@bp.post("/courses/<int:course_id>/versions/<int:number>/restore")
def restore_version(course_id: int, number: int) -> Response:
    """Make a draft of this version; an open one is put aside."""
    revisions.restore(actor=viewer().actor, course_id=course_id, number=number)
    flash(
        _("Version %(number)s is your draft now. Buyers see it once it is handed in and approved.", number=number),
        "success",
    )
    return redirect(url_for("studio.course", course_id=course_id))
