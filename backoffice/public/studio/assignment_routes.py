"""Assignments of a module: added and written (C-3)."""

from backoffice.errors import DomainError
from backoffice.integrations.checks.model import AssignmentSnapshot, ModuleSnapshot
from backoffice.markdown import render
from backoffice.operations import assignments, editing
from backoffice.public import refusals
from backoffice.public.sessions import viewer
from backoffice.public.studio import autosave, desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.content_routes import back, gone
from backoffice.public.studio.forms import AssignmentForm, NewModuleForm
from backoffice.public.studio.routes import Page
from backoffice.queries.snapshots import snapshot_of


@bp.route("/courses/<int:course_id>/modules/<int:node_id>/assignments/new", methods=["GET", "POST"])
def new_assignment(course_id: int, node_id: int) -> Page:
    """Add an assignment at the end of a module."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    module = next((module for module in snapshot.course.modules if module.node_id == node_id), None)
    if module is None:
        raise gone()
    form = NewModuleForm()
    if form.validate_on_submit():
        try:
            made = assignments.add_assignment(
                actor=viewer().actor, course_id=course_id, module_node_id=node_id, title=form.title.data or ""
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            return back(course_id, made.node_id, "assignment")
    page = desk.page("studio/new_assignment.html", head, current=node_id, snapshot=snapshot, module=module, form=form)
    return page, 422 if form.is_submitted() else 200


@bp.route("/courses/<int:course_id>/assignments/<int:node_id>", methods=["GET", "POST"])
def assignment(course_id: int, node_id: int) -> Page:
    """Write an assignment."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    module, shown = _assignment_of(snapshot.course.modules, node_id)
    form = AssignmentForm({"title": shown.title, "body": shown.body})
    if form.is_submitted():
        place = {"course_id": course_id, "node_id": node_id}
        answer = autosave.save(form, back(course_id, node_id, "assignment"), editing.save_assignment, **place)
        if answer is not None:
            return answer
    page = desk.page(
        "studio/assignment.html",
        head,
        current=module.node_id,
        snapshot=snapshot,
        module=module,
        assignment=shown,
        form=form,
        preview=render(form.body.data or ""),
    )
    return page, 422 if form.is_submitted() else 200


def _assignment_of(modules: tuple[ModuleSnapshot, ...], node_id: int) -> tuple[ModuleSnapshot, AssignmentSnapshot]:
    for module in modules:
        for found in module.assignments:
            if found.node_id == node_id:
                return module, found
    raise gone()
