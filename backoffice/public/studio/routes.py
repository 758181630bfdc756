"""The author's courses: the table, making one, where it stands, its texts, its hand-in and its sale (L-1 to L-5)."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.errors import DomainError, NotAllowed
from backoffice.integrations.checks.model import Finding
from backoffice.models.media import UploadKind
from backoffice.operations import courses as course_operations
from backoffice.operations import editing, revisions, submissions
from backoffice.operations.quotas import MIB
from backoffice.operations.upload_rows import largest_mb
from backoffice.public import refusals
from backoffice.public.incoming import whole_number
from backoffice.public.media.messages import error_sentence
from backoffice.public.security import limiter
from backoffice.public.sessions import viewer
from backoffice.public.studio import autosave, desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.forms import NewCourseForm, TermsForm, TextsForm, VersionedForm
from backoffice.queries import studio
from backoffice.queries.files import room_of
from backoffice.queries.media import UploadStatus, upload_status
from backoffice.queries.snapshots import snapshot_of
from backoffice.queries.studio_nodes import choices, decision

Page = str | tuple[str, int] | Response
DECIDED = ("rejected", "in_review")
NEW_COURSES = "60 per hour"


@bp.before_request
def _authors_only() -> Response | None:
    """Who is no author yet is led to the profile that makes one; staff may look at courses (L-8)."""
    actor = viewer().actor
    if request.endpoint == "studio.become_author" or actor.may(Action.EDIT_COURSES):
        return None
    if request.method == "GET" and actor.may(Action.SEE_ALL_COURSES):
        return None
    if request.method == "GET":
        return redirect(url_for("studio.become_author"))
    raise NotAllowed("access.denied", _("You are not allowed to do this."))


@bp.get("/")
@bp.get("/courses")
def courses() -> str:
    """The author's courses with state and what is in the way."""
    rows = studio.courses_of(viewer().actor, after=request.args.get("after", type=whole_number))
    return render_template("studio/courses.html", courses=rows, page_size=studio.PAGE_SIZE)


@bp.route("/courses/new", methods=["GET", "POST"])
@limiter.limit(NEW_COURSES, methods=["POST"], key_func=lambda: f"courses:{viewer().id}")
def new_course() -> Page:
    """Make a draft (L-1)."""
    form = NewCourseForm(language_code=str(get_locale())[:2])
    russian = desk.in_russian()
    form.language_code.choices = [(entry.id, entry.name(russian)) for entry in choices().languages]
    if form.validate_on_submit():
        try:
            made = course_operations.create(
                actor=viewer().actor, title=form.title.data or "", language_code=form.language_code.data
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            return redirect(url_for("studio.texts", course_id=made.id))
    return render_template("studio/new_course.html", form=form), 422 if form.is_submitted() else 200


@bp.get("/courses/<int:course_id>")
def course(course_id: int) -> str:
    """Where the course stands: state, what came back, what comes next, its story (L-3, L-10)."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    answer = None
    if head.submission_id is not None and head.revision_state.value in DECIDED:
        answer = decision(head.submission_id)
    found = [Finding.from_json(data) for data in answer.findings] if answer else []
    return desk.page(
        "studio/course.html",
        head,
        current="course",
        snapshot=snapshot,
        answer=answer,
        found=desk.remarks(head.id, found, snapshot.course),
        in_russian=desk.in_russian(),
        timeline=studio.timeline(head.id),
    )


@bp.get("/courses/<int:course_id>/state")
def course_state(course_id: int) -> Response:
    """The state alone, asked for again and again; the browser fetches the whole page once it has changed (T-5)."""
    head = desk.load(course_id)
    response = make_response(render_template("studio/_state.html", course=head))
    if head.state_key != request.args.get("shown"):
        response.headers["HX-Refresh"] = "true"
    return response


@bp.route("/courses/<int:course_id>/texts", methods=["GET", "POST"])
def texts(course_id: int) -> Page:
    """Edit what stands on the course's page (C-1)."""
    head = desk.load(course_id)
    snapshot = snapshot_of(head.revision_id)
    form = TextsForm({name: getattr(head, name) for name in revisions.TEXT_COLUMNS} | {"skill_ids": snapshot.skill_ids})
    form.offer(choices())
    if form.is_submitted():
        then = redirect(url_for("studio.texts", course_id=course_id))
        answer = autosave.save(form, then, editing.save_texts, course_id=course_id)
        if answer is not None:
            return answer
    cover = upload_status(form.cover_upload_id.data) if form.cover_upload_id.data else None
    page = desk.page(
        "studio/texts.html",
        head,
        current="texts",
        snapshot=snapshot,
        form=form,
        cover=own(cover),
        room=room_of(viewer().actor.person_id),
        cover_error=error_sentence(cover.error_code) if cover and cover.error_code else "",
        max_picture_bytes=largest_mb(UploadKind.IMAGE) * MIB,
    )
    return page, 422 if form.is_submitted() else 200


def own(upload: UploadStatus | None) -> UploadStatus | None:
    """The upload when it is the viewer's own, else None."""
    return upload if upload is not None and upload.owner_id == viewer().id else None


def refuse(form: VersionedForm, error: DomainError) -> None:
    """Show the refusal; after a change elsewhere the next save is about the version that there is now (rule 4)."""
    refusals.show(form, error)
    if error.code == "revision.changed":
        form.version.data = error.data["version"]


@bp.route("/courses/<int:course_id>/sale", methods=["GET", "POST"])
def sale(course_id: int) -> Page:
    """Price, discount and sales window; they take effect at once (L-5, M-11)."""
    head = desk.load(course_id)
    form = TermsForm(head)
    if form.validate_on_submit():
        try:
            course_operations.set_sale_terms(actor=viewer().actor, course_id=course_id, terms=form.terms())
        except DomainError as error:
            refusals.show(form, error)
        else:
            flash(_("Saved. The new terms hold from now on."), "success")
            return redirect(url_for("studio.sale", course_id=course_id))
    page = desk.page("studio/sale.html", head, current="sale", form=form)
    return page, 422 if form.is_submitted() else 200


@bp.post("/courses/<int:course_id>/put-on-sale")
def put_on_sale(course_id: int) -> Response:
    """Sell from now on (L-5)."""
    course_operations.put_on_sale(actor=viewer().actor, course_id=course_id)
    flash(_("The course is on sale."), "success")
    return redirect(url_for("studio.sale", course_id=course_id))


@bp.post("/courses/<int:course_id>/take-off-sale")
def take_off_sale(course_id: int) -> Response:
    """Sell no more; buyers keep their access (L-5)."""
    course_operations.take_off_sale(actor=viewer().actor, course_id=course_id)
    flash(_("The course is off sale. Who has bought it keeps it."), "success")
    return redirect(url_for("studio.sale", course_id=course_id))


@bp.route("/courses/<int:course_id>/submit", methods=["GET", "POST"])
def submit(course_id: int) -> Page:
    """Hand the course in, with the checklist before the eyes (L-2)."""
    head = desk.load(course_id)
    form = VersionedForm(data={"version": head.version})
    if form.validate_on_submit():
        try:
            submissions.submit(actor=viewer().actor, course_id=course_id, version=form.shown_version())
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect(url_for("studio.course", course_id=course_id))
    page = desk.page("studio/submit.html", head, current="submit", form=form)
    return page, 409 if form.is_submitted() else 200


@bp.post("/courses/<int:course_id>/withdraw")
def withdraw(course_id: int) -> Response:
    """Take the submission back to go on editing (L-2)."""
    submissions.withdraw(actor=viewer().actor, course_id=course_id)
    flash(_("Taken back. You can go on editing."), "success")
    return redirect(url_for("studio.course", course_id=course_id))


@bp.post("/courses/<int:course_id>/discard")
def discard(course_id: int) -> Response:
    """Put the open change aside (L-6)."""
    revisions.discard_draft(actor=viewer().actor, course_id=course_id)
    flash(_("The change is put aside; what is live stays as it is."), "success")
    return redirect(url_for("studio.course", course_id=course_id))
