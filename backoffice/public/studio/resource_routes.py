"""Files for download of a lecture: hung on it and named (C-4)."""

from flask import flash, request
from werkzeug.wrappers import Response

from backoffice.errors import DomainError
from backoffice.integrations.checks.model import LectureSnapshot, ModuleSnapshot, ResourceSnapshot
from backoffice.operations import editing, resources
from backoffice.public.sessions import viewer
from backoffice.public.studio import autosave, desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.content_routes import back, gone
from backoffice.public.studio.forms import ModuleForm
from backoffice.public.studio.routes import Page
from backoffice.queries.snapshots import snapshot_of


@bp.post("/courses/<int:course_id>/lectures/<int:node_id>/resources/new")
def new_resource(course_id: int, node_id: int) -> Response:
    """Hang a file that has arrived on a lecture."""
    try:
        resources.add_resource(
            actor=viewer().actor,
            course_id=course_id,
            lecture_node_id=node_id,
            upload_id=request.form.get("resource_upload_id", ""),
        )
    except DomainError as error:
        flash(str(error.message), "error")
    return back(course_id, node_id, "lecture", anchor="resources")


@bp.route("/courses/<int:course_id>/resources/<int:node_id>", methods=["GET", "POST"])
def resource(course_id: int, node_id: int) -> Page:
    """Name a file of a lecture."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    lecture, shown = _resource_of(snapshot.course.modules, node_id)
    form = ModuleForm({"title": shown.title})
    if form.is_submitted():
        then = back(course_id, lecture.node_id, "lecture", anchor="resources")
        answer = autosave.save(form, then, editing.save_resource, course_id=course_id, node_id=node_id)
        if answer is not None:
            return answer
    page = desk.page(
        "studio/resource.html",
        head,
        current=lecture.node_id,
        snapshot=snapshot,
        lecture=lecture,
        resource=shown,
        form=form,
    )
    return page, 422 if form.is_submitted() else 200


def _resource_of(modules: tuple[ModuleSnapshot, ...], node_id: int) -> tuple[LectureSnapshot, ResourceSnapshot]:
    for module in modules:
        for lecture in module.lectures:
            for found in lecture.resources:
                if found.node_id == node_id:
                    return lecture, found
    raise gone()
