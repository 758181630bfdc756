"""Editing the content tree: modules, lectures and questions (L-1, C-3 to C-5). Everything works by plain forms."""

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.errors import DomainError, NotFound
from backoffice.integrations.checks.model import LectureSnapshot, ModuleSnapshot
from backoffice.markdown import render
from backoffice.models.content import LectureKind
from backoffice.models.media import UploadKind
from backoffice.operations import content, editing
from backoffice.operations.file_types import file_types
from backoffice.operations.quotas import MIB
from backoffice.operations.upload_rows import largest_mb
from backoffice.public import refusals
from backoffice.public.media.messages import error_sentence
from backoffice.public.sessions import viewer
from backoffice.public.studio import autosave, desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.forms import LectureForm, ModuleForm, NewLectureForm, NewModuleForm
from backoffice.public.studio.question_form import QuestionForm
from backoffice.public.studio.routes import Page, own
from backoffice.queries.files import room_of
from backoffice.queries.media import upload_status
from backoffice.queries.snapshots import snapshot_of
from backoffice.queries.studio_nodes import lecture_details, question_details


def gone() -> NotFound:
    """The refusal of an address whose part of the course was deleted."""
    return NotFound("node.not_found", _("This part of the course is no longer there."))


def back(
    course_id: int, node_id: int | None = None, kind: str = "module", *, undo: int | None = None, anchor: str = ""
) -> Response:
    """Lead to the page of a node, or of the course, which offers to `undo` a deletion by its number."""
    if node_id is None:
        return redirect(url_for("studio.course", course_id=course_id, undo=undo))
    page = f"studio.{kind}"
    return redirect(url_for(page, course_id=course_id, node_id=node_id, undo=undo, _anchor=anchor or None))


@bp.route("/courses/<int:course_id>/modules/new", methods=["GET", "POST"])
def new_module(course_id: int) -> Page:
    """Add a module at the end (C-3)."""
    head = desk.load(course_id)
    form = NewModuleForm()
    if form.validate_on_submit():
        try:
            made = content.add_module(actor=viewer().actor, course_id=course_id, title=form.title.data or "")
        except DomainError as error:
            refusals.show(form, error)
        else:
            return back(course_id, made.node_id)
    return desk.page("studio/new_module.html", head, current="new_module", form=form), _status(form.is_submitted())


@bp.route("/courses/<int:course_id>/modules/<int:node_id>", methods=["GET", "POST"])
def module(course_id: int, node_id: int) -> Page:
    """A module's title and its lectures (C-3)."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    shown = next((module for module in snapshot.course.modules if module.node_id == node_id), None)
    if shown is None:
        raise gone()
    form = ModuleForm({"title": shown.title})
    if form.is_submitted():
        place = {"course_id": course_id, "node_id": node_id}
        answer = autosave.save(form, back(course_id, node_id), editing.save_module, **place)
        if answer is not None:
            return answer
    page = desk.page("studio/module.html", head, current=node_id, snapshot=snapshot, module=shown, form=form)
    return page, _status(form.is_submitted())


@bp.route("/courses/<int:course_id>/modules/<int:node_id>/lectures/new", methods=["GET", "POST"])
def new_lecture(course_id: int, node_id: int) -> Page:
    """Add a lecture at the end of a module (C-4)."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    shown = next((module for module in snapshot.course.modules if module.node_id == node_id), None)
    if shown is None:
        raise gone()
    form = NewLectureForm()
    if form.validate_on_submit():
        try:
            made = content.add_lecture(
                actor=viewer().actor,
                course_id=course_id,
                module_node_id=node_id,
                title=form.title.data or "",
                kind=LectureKind(form.kind.data),
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            return back(course_id, made.node_id, "lecture")
    page = desk.page("studio/new_lecture.html", head, current=node_id, snapshot=snapshot, module=shown, form=form)
    return page, _status(form.is_submitted())


@bp.route("/courses/<int:course_id>/lectures/<int:node_id>", methods=["GET", "POST"])
def lecture(course_id: int, node_id: int) -> Page:
    """Edit a lecture: its text or video, preview and questions (C-4)."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    module_shown, lecture_shown = _lecture_of(snapshot.course.modules, node_id)
    details = lecture_details(head.revision_id, node_id)
    if details is None:
        raise gone()
    form = LectureForm({field: getattr(details, field) for field in LectureForm.FIELDS})
    if form.is_submitted():
        place = {"course_id": course_id, "node_id": node_id}
        answer = autosave.save(form, back(course_id, node_id, "lecture"), editing.save_lecture, **place)
        if answer is not None:
            return answer
    video = own(upload_status(form.video_upload_id.data)) if form.video_upload_id.data else None
    page = desk.page(
        "studio/lecture.html",
        head,
        current=node_id,
        snapshot=snapshot,
        module=module_shown,
        lecture=details,
        questions=lecture_shown.questions,
        resources=lecture_shown.resources,
        file_types=",".join(f".{ending}" for ending in file_types()),
        max_file_bytes=largest_mb(UploadKind.FILE) * MIB,
        form=form,
        video=video,
        video_error=error_sentence(video.error_code or video.hold_code) if video else "",
        preview=render(form.body.data or ""),
        room=room_of(viewer().actor.person_id),
        max_upload_bytes=largest_mb(UploadKind.VIDEO) * MIB,
    )
    return page, _status(form.is_submitted())


def _lecture_of(modules: tuple[ModuleSnapshot, ...], node_id: int) -> tuple[ModuleSnapshot, LectureSnapshot]:
    for module_shown in modules:
        for lecture_shown in module_shown.lectures:
            if lecture_shown.node_id == node_id:
                return module_shown, lecture_shown
    raise gone()


@bp.route("/courses/<int:course_id>/lectures/<int:node_id>/questions/new", methods=["GET", "POST"])
def new_question(course_id: int, node_id: int) -> Page:
    """Add a question to a lecture (C-5)."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    _module, lecture_shown = _lecture_of(snapshot.course.modules, node_id)
    form = QuestionForm({})
    if form.validate_on_submit():
        try:
            content.add_question(actor=viewer().actor, course_id=course_id, lecture_node_id=node_id, texts=form.texts())
        except DomainError as error:
            refusals.show(form, error)
        else:
            flash(_("The question is added."), "success")
            return back(course_id, node_id, "lecture")
    page = desk.page(
        "studio/question.html",
        head,
        current=node_id,
        snapshot=snapshot,
        form=form,
        lecture_node_id=node_id,
        lecture_title=lecture_shown.title,
        question=None,
    )
    return page, _status(form.is_submitted())


@bp.route("/courses/<int:course_id>/questions/<int:node_id>", methods=["GET", "POST"])
def question(course_id: int, node_id: int) -> Page:
    """Edit a question (C-5)."""
    head = desk.load(course_id)
    details = question_details(head.revision_id, node_id)
    if details is None:
        raise gone()
    form = QuestionForm({field: getattr(details, field) for field in QuestionForm.FIELDS})
    if form.is_submitted():
        place = {"course_id": course_id, "node_id": node_id}
        then = back(course_id, details.lecture_node_id, "lecture")
        answer = autosave.save(form, then, editing.save_question, **place)
        if answer is not None:
            return answer
    page = desk.page(
        "studio/question.html",
        head,
        current=details.lecture_node_id,
        form=form,
        lecture_node_id=details.lecture_node_id,
        lecture_title="",
        question=details,
    )
    return page, _status(form.is_submitted())


def _status(is_refused: bool) -> int:
    return 422 if is_refused else 200
