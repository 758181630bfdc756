"""Learning: a course's outline, its lectures, answers, and free previews (P-1, P-2, P-4, P-5)."""

from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backoffice import markdown
from backoffice.errors import Refused
from backoffice.operations import answers, lectures
from backoffice.public.media.links import (
    EVERYBODY,
    signed_captions_url,
    signed_master_url,
    signed_poster_url,
    signed_storyboard_url,
)
from backoffice.public.sessions import viewer
from backoffice.queries import learning, previews
from backoffice.queries.learning import Entry, FileView, LectureView

bp = Blueprint("learning", __name__)

MOST_SPANS = 500


def _entered(slug: str) -> Entry:
    found = learning.entry(slug, viewer().actor)
    if found is None:
        abort(404)
    return found


def _video(found: LectureView, person: int) -> dict[str, Any]:
    if found.video_id is None:
        return {}
    poster = signed_poster_url(found.video_id, person) if found.poster else ""
    captions = [
        {"url": signed_captions_url(track.caption_id, person), "lang": track.language, "label": track.label}
        for track in found.captions
    ]
    return {
        "hls_url": signed_master_url(found.video_id, person),
        "poster": poster,
        "captions": captions,
        "storyboard": signed_storyboard_url(found.video_id, person) if found.storyboard else "",
    }


@bp.get("/learn/<slug>")
def course(slug: str) -> str:
    """The outline with progress (P-2)."""
    found = _entered(slug)
    modules = learning.outline(found.revision_id, viewer().actor.person_id)
    lines = [line for module in modules for line in module.lectures]
    following = next((line for line in lines if not line.done), lines[0] if lines else None)
    return render_template("learning/course.html", entry=found, modules=modules, following=following)


@bp.get("/learn/<slug>/<int:node_id>")
def lecture(slug: str, node_id: int) -> str:
    """One lecture with its questions (P-1)."""
    found, person = _entered(slug), viewer().actor.person_id
    shown = learning.lecture(found.revision_id, node_id, person)
    if shown is None:
        abort(404)
    modules = learning.outline(found.revision_id, person)
    lines = [line for module in modules for line in module.lectures]
    place = next(index for index, line in enumerate(lines) if line.node_id == node_id)
    return render_template(
        "learning/lecture.html",
        entry=found,
        lecture=shown,
        body=markdown.render(shown.body),
        modules=modules,
        files=learning.files(found.revision_id, node_id),
        questions=learning.questions(found.revision_id, node_id, person),
        earlier=lines[place - 1] if place else None,
        later=lines[place + 1] if place + 1 < len(lines) else None,
        **_video(shown, person),
    )


@bp.get("/learn/<slug>/assignments/<int:node_id>")
def assignment(slug: str, node_id: int) -> str:
    """What there is to do in a module (C-3)."""
    found = _entered(slug)
    shown = learning.assignment(found.revision_id, node_id)
    if shown is None:
        abort(404)
    modules = learning.outline(found.revision_id, viewer().actor.person_id)
    title, body = shown
    return render_template(
        "learning/assignment.html", entry=found, title=title, body=markdown.render(body), modules=modules, shown=node_id
    )


@bp.get("/preview/<slug>/<int:node_id>")
def preview(slug: str, node_id: int) -> str:
    """A lecture that is open to everybody (C-4), or, with `shown=draft`, one of a draft for its author and staff."""
    if request.args.get("shown") == "draft":
        drafted = previews.draft_preview(slug, node_id, viewer().actor)
        if drafted is None:
            abort(404)
        person = viewer().actor.person_id
        return _preview(
            slug, drafted.title, drafted.lecture, drafted.files, person, questions=drafted.questions, draft=True
        )
    found = previews.preview(slug, node_id)
    if found is None:
        abort(404)
    return _preview(slug, *found, EVERYBODY)


def _preview(slug: str, title: str, shown: LectureView, files: list[FileView], holder: int, **more: Any) -> str:
    return render_template(
        "learning/preview.html",
        slug=slug,
        title=title,
        lecture=shown,
        files=files,
        body=markdown.render(shown.body),
        **_video(shown, holder),
        **more,
    )


@bp.post("/learn/<slug>/<int:node_id>/position")
def position(slug: str, node_id: int) -> Response:
    """Remember where a video stopped and what was watched of it; answers whether it is completed (P-5)."""
    found = _entered(slug)
    try:
        at = float(request.form.get("position", ""))
        pairs = [part.split("-", 1) for part in request.form.get("watched", "").split(",")[:MOST_SPANS] if part]
        spans = [(float(start), float(end)) for start, end in pairs]
    except ValueError:
        abort(400)
    if not all(abs(number) < 10**7 for number in (at, *(edge for span in spans for edge in span))):
        abort(400)
    kept = lectures.watch(
        actor=viewer().actor, course_id=found.course_id, lecture_node_id=node_id, position_s=at, spans=spans
    )
    return jsonify(completed=kept.completed_at is not None, position=kept.position_s)


@bp.post("/learn/<slug>/<int:node_id>/read")
def read(slug: str, node_id: int) -> Response:
    """Mark a text as read (P-5)."""
    lectures.mark_read(actor=viewer().actor, course_id=_entered(slug).course_id, lecture_node_id=node_id)
    return redirect(url_for(".lecture", slug=slug, node_id=node_id))


@bp.post("/learn/<slug>/<int:node_id>/questions/<int:question_node_id>")
def answer(slug: str, node_id: int, question_node_id: int) -> Response:
    """Answer a question; the page then shows how it went (P-4)."""
    try:
        answers.answer(
            actor=viewer().actor,
            course_id=_entered(slug).course_id,
            question_node_id=question_node_id,
            chosen=request.form.getlist("chosen"),
        )
    except Refused as error:
        flash(str(error.message), "error")
    return redirect(url_for(".lecture", slug=slug, node_id=node_id) + f"#question-{question_node_id}")
