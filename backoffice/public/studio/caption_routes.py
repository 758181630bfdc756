"""Captions of a lecture's video: uploading, reading, editing, comparing (C-4, L-6)."""

from typing import NoReturn

from flask import Response as FileResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice import webvtt
from backoffice.errors import DomainError, NotFound, Refused
from backoffice.operations import captions as operations
from backoffice.public.incoming import whole_number
from backoffice.public.security import limiter
from backoffice.public.sessions import viewer
from backoffice.public.studio import desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.caption_forms import CaptionsForm, CaptionTextForm
from backoffice.public.studio.routes import Page, refuse
from backoffice.queries.captions import Track, readable_texts
from backoffice.queries.studio import CourseHead
from backoffice.queries.studio_nodes import LectureDetails, choices, lecture_details

CHANGES = "300 per hour"


@bp.route("/courses/<int:course_id>/lectures/<int:node_id>/captions", methods=["GET", "POST"])
@limiter.limit(CHANGES, methods=["POST"], key_func=lambda: f"captions:{viewer().id}")
def captions(course_id: int, node_id: int) -> Page:
    """The captions of a video, and the form that adds some or puts others in their place."""
    head, lecture = _lecture(course_id, node_id)
    form = CaptionsForm(version=head.version)
    languages = {entry.id: entry for entry in choices().languages}
    form.language_code.choices = [(code, entry.name(desk.in_russian())) for code, entry in languages.items()]
    if form.validate_on_submit():
        language = languages[form.language_code.data]
        label = form.label.data or language.name(language.id == "ru")
        try:
            cleaned = webvtt.clean(_sent_file(form))
            operations.put(
                actor=viewer().actor,
                course_id=course_id,
                node_id=node_id,
                version=form.shown_version(),
                language=language.id,
                label=label,
                captions=cleaned,
            )
        except DomainError as error:
            refuse(form, error)
        else:
            _tell(label, cleaned)
            return redirect(url_for("studio.captions", course_id=course_id, node_id=node_id))
    page = desk.page("studio/captions.html", head, current=node_id, lecture=lecture, form=form)
    return page, 422 if form.is_submitted() else 200


@bp.route("/courses/<int:course_id>/lectures/<int:node_id>/captions/<language>", methods=["GET", "POST"])
@limiter.limit(CHANGES, methods=["POST"], key_func=lambda: f"captions:{viewer().id}")
def caption_text(course_id: int, node_id: int, language: str) -> Page:
    """Edit the text of captions; what was typed stays when a line of it cannot be read."""
    head, lecture = _lecture(course_id, node_id)
    track = _track(lecture, language)
    form = CaptionTextForm(version=head.version, label=track.label, captions=_text(track.caption_id))
    if form.validate_on_submit():
        try:
            operations.put(
                actor=viewer().actor,
                course_id=course_id,
                node_id=node_id,
                version=form.shown_version(),
                language=track.language,
                label=form.label.data or "",
                captions=webvtt.clean((form.captions.data or "").encode()),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            flash(_("Saved."), "success")
            return redirect(url_for("studio.captions", course_id=course_id, node_id=node_id))
    page = desk.page("studio/caption_text.html", head, current=node_id, lecture=lecture, track=track, form=form)
    return page, 422 if form.is_submitted() else 200


@bp.post("/courses/<int:course_id>/lectures/<int:node_id>/captions/<language>/delete")
def delete_captions(course_id: int, node_id: int, language: str) -> Response:
    """Take captions away from the draft."""
    form = CaptionTextForm()
    try:
        operations.remove(
            actor=viewer().actor,
            course_id=course_id,
            node_id=node_id,
            version=form.shown_version(),
            language=language,
        )
    except DomainError as error:
        flash(str(error.message), "error")
    else:
        flash(_("The captions are deleted from the draft."), "success")
    return redirect(url_for("studio.captions", course_id=course_id, node_id=node_id))


@bp.get("/courses/<int:course_id>/lectures/<int:node_id>/captions/<language>.vtt")
def download_captions(course_id: int, node_id: int, language: str) -> FileResponse:
    """The captions as a file."""
    _head, lecture = _lecture(course_id, node_id)
    text = _text(_track(lecture, language).caption_id)
    response = FileResponse(text, mimetype="text/vtt")
    response.headers.set("Content-Disposition", "attachment", filename=f"captions-{node_id}-{language}.vtt")
    return response


@bp.get("/captions")
def compare_captions() -> str:
    """Captions to read, `after`, or what differs in them from `before`: numbers of texts; for staff, too (L-8)."""
    before, after = (request.args.get(name, type=whole_number) for name in ("before", "after"))
    texts = readable_texts(viewer().actor, [number for number in (before, after) if number is not None])
    if not texts:
        _gone()
    old, new = (webvtt.cues_of(texts.get(number or 0, "")) for number in (before, after))
    return render_template("studio/compare_captions.html", lines=webvtt.compare(old, new), is_new=before is None)


def _lecture(course_id: int, node_id: int) -> tuple[CourseHead, LectureDetails]:
    head = desk.load(course_id)
    lecture = lecture_details(head.revision_id, node_id)
    if lecture is None:
        raise NotFound("node.not_found", _("This part of the course is no longer there."))
    return head, lecture


def _track(lecture: LectureDetails, language: str) -> Track:
    track = next((track for track in lecture.captions if track.language == language), None)
    if track is None:
        _gone()
    return track


def _text(caption_id: int) -> str:
    texts = readable_texts(viewer().actor, [caption_id])
    if caption_id not in texts:
        _gone()
    return texts[caption_id]


def _gone() -> NoReturn:
    raise NotFound("captions.not_found", _("There are no captions in this language."))


def _sent_file(form: CaptionsForm) -> bytes:
    if not form.captions.data:
        raise Refused("captions.missing", _("Choose a file."), field="captions")
    return bytes(form.captions.data.read(webvtt.BYTES_MAX + 1))


def _tell(label: str, captions: webvtt.Captions) -> None:
    flash(_("Saved: %(label)s, %(count)s captions.", label=label, count=captions.cues), "success")
    if captions.encoding == "windows-1251":
        flash(_("The file was not written in UTF-8; it was read as Windows-1251. Check its letters."), "warning")
