"""The outline of a course: its order as a whole, and moving, copying and deleting single nodes (L-1, C-3 to C-5)."""

import json
from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.errors import DomainError, Refused
from backoffice.models.content import Assignment, Lecture, Module, RemovedNode
from backoffice.operations import assignments, content, outline, removals, resources
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.public.studio import desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.content_routes import back
from backoffice.public.studio.forms import VersionedForm
from backoffice.public.studio.routes import Page, refuse
from backoffice.queries.studio_nodes import removed


@bp.route("/courses/<int:course_id>/outline", methods=["GET", "POST"])
def arrange(course_id: int) -> Page:
    """The order of all modules and lectures, changed by dragging or by keys and saved at once (L-1)."""
    head = desk.load(course_id)
    form = VersionedForm(data={"version": head.version})
    if form.validate_on_submit():
        try:
            outline.arrange(actor=viewer().actor, course_id=course_id, version=form.shown_version(), order=_order())
        except DomainError as error:
            refuse(form, error)
        else:
            flash(_("Saved."), "success")
            return redirect(url_for("studio.arrange", course_id=course_id))
    page = desk.page("studio/outline.html", head, current="outline", form=form)
    return page, 409 if form.is_submitted() else 200


def _order() -> list[tuple[int, list[int]]]:
    """`order` of the form: a JSON list of [module, [lecture, …]]."""
    try:
        return [
            (whole_number(str(module)), [whole_number(str(lecture)) for lecture in lectures])
            for module, lectures in json.loads(request.form.get("order", ""))
        ]
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused("outline.order", _("The order did not arrive. Load the page again.")) from error


NODE = "/courses/<int:course_id>/<any(modules, lectures, questions, resources, assignments):kind>/<int:node_id>"
MOVES: dict[str, Callable[..., None]] = {
    "modules": content.move_module,
    "lectures": content.move_lecture,
    "questions": content.move_question,
    "resources": resources.move_resource,
    "assignments": assignments.move_assignment,
}
DELETIONS: dict[str, Callable[..., RemovedNode]] = {
    "modules": removals.delete_module,
    "lectures": removals.delete_lecture,
    "questions": removals.delete_question,
    "resources": removals.delete_resource,
    "assignments": removals.delete_assignment,
}
COPIES: dict[str, Callable[..., Module | Lecture | Assignment]] = {
    "modules": outline.duplicate_module,
    "lectures": outline.duplicate_lecture,
    "assignments": outline.duplicate_assignment,
}


@bp.post(NODE + "/move")
def move_node(course_id: int, kind: str, node_id: int) -> Response:
    """Move a node one place up or down; the page that asked is shown again."""
    by = -1 if request.form.get("direction") == "up" else 1
    MOVES[kind](actor=viewer().actor, course_id=course_id, node_id=node_id, by=by)
    return _after(course_id)


@bp.post("/courses/<int:course_id>/<any(modules, lectures, assignments):kind>/<int:node_id>/duplicate")
def duplicate_node(course_id: int, kind: str, node_id: int) -> Response:
    """Copy a node with all below it, and open the copy."""
    made = COPIES[kind](actor=viewer().actor, course_id=course_id, node_id=node_id)
    flash(_("Copied. This is the copy."), "success")
    return back(course_id, made.node_id, kind.removesuffix("s"))


@bp.post(
    "/courses/<int:course_id>/<any(modules, lectures, questions, resources, assignments):kind>/<int:node_id>/delete"
)
def delete_node(course_id: int, kind: str, node_id: int) -> Response:
    """Delete a node of the draft with all below it."""
    kept = DELETIONS[kind](actor=viewer().actor, course_id=course_id, node_id=node_id)
    return _after(course_id, undo=kept.id)


@bp.get("/courses/<int:course_id>/deleted")
def deleted(course_id: int) -> str:
    """What was deleted lately and can be brought back."""
    head = desk.load(course_id)
    return desk.page("studio/deleted.html", head, current="deleted", rows=removed(course_id))


@bp.post("/courses/<int:course_id>/deleted/<int:removed_id>/bring-back")
def bring_back(course_id: int, removed_id: int) -> Response:
    """Undo a deletion, and open what has come back."""
    kept = removals.bring_back(actor=viewer().actor, course_id=course_id, removed_id=removed_id)
    flash(_("“%(title)s” is back.", title=kept.title), "success")
    return back(course_id, kept.node_id, kept.kind.value)


def _after(course_id: int, *, undo: int | None = None) -> Response:
    parent, kind = request.form.get("parent", type=whole_number), request.form.get("parent_kind", "module")
    return back(course_id, parent, "lecture" if kind == "lecture" else "module", undo=undo)
