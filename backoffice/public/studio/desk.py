"""What every page of a course's editor shows around its middle: outline at the left, checklist at the right (L-3)."""

from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from backoffice.errors import NotFound
from backoffice.integrations.checks import messages
from backoffice.integrations.checks.model import CourseSnapshot, Finding, Severity
from backoffice.integrations.checks.registry import run_checks
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries.snapshots import Snapshot, snapshot_of, thresholds
from backoffice.queries.studio import CourseHead, course_head

_TONES = {Severity.BLOCK: "negative", Severity.FLAG: "warning", Severity.INFO: "info"}
# Flagged only if it is still so when the checks decide, which wait for the videos.
_PASSES_BY_ITSELF = "video_in_work"


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding in the reader's words, with the address of its place."""

    sentence: str
    hint: str
    field: str
    href: str
    tone: str
    blocks: bool


def load(course_id: int) -> CourseHead:
    """The course, for its author and staff; NotFound for everybody else (L-1)."""
    head = course_head(viewer().actor, course_id)
    if head is None:
        raise NotFound("course.not_found", _("There is no such course."))
    return head


def page(template: str, head: CourseHead, *, current: str | int = "", **context: Any) -> str:
    """Render a page of the editor; `current` is the outline's entry, a name or a node's id.

    After a deletion the address has `undo`, the number under which it can be brought back.
    """
    snapshot: Snapshot = context.pop("snapshot", None) or snapshot_of(head.revision_id)
    findings = run_checks(snapshot.course, thresholds())
    return render_template(
        template,
        course=head,
        tree=snapshot.course.modules,
        remarks=remarks(head.id, findings, snapshot.course),
        current=current,
        undo=request.args.get("undo", type=whole_number),
        **context,
    )


def remarks(course_id: int, findings: list[Finding], snapshot: CourseSnapshot) -> list[Remark]:
    """Findings as the author reads them, each with a link to its place (L-3)."""
    places = _places(course_id, snapshot)
    return [
        Remark(
            sentence=messages.sentence(finding),
            hint=messages.hint(finding),
            field=messages.field_name(finding),
            href=_href(course_id, finding, places),
            tone="info" if finding.code == _PASSES_BY_ITSELF else _TONES[finding.severity],
            blocks=finding.severity is Severity.BLOCK,
        )
        for finding in findings
    ]


def _places(course_id: int, snapshot: CourseSnapshot) -> dict[int, str]:
    places: dict[int, str] = {}
    for module in snapshot.modules:
        places[module.node_id] = url_for("studio.module", course_id=course_id, node_id=module.node_id)
        for assignment in module.assignments:
            places[assignment.node_id] = url_for("studio.assignment", course_id=course_id, node_id=assignment.node_id)
        for lecture in module.lectures:
            places[lecture.node_id] = url_for("studio.lecture", course_id=course_id, node_id=lecture.node_id)
            for resource in lecture.resources:
                places[resource.node_id] = url_for("studio.resource", course_id=course_id, node_id=resource.node_id)
            for question in lecture.questions:
                places[question.node_id] = url_for("studio.question", course_id=course_id, node_id=question.node_id)
    return places


# Where the field of a finding has another name, or another control, in the form.
_ANCHORS = {
    "category": "category_id",
    "language": "language_code",
    "skills": "skill_ids",
    "cover": "cover_upload_id-file",
    "video": "video_upload_id-file",
}


def _href(course_id: int, finding: Finding, places: dict[int, str]) -> str:
    field = finding.place.field or ""
    anchor = "#" + ("options" if field.startswith("option") else _ANCHORS.get(field, field)) if field else ""
    if finding.place.node_id is not None:
        # What was found then may be deleted by now; its course is still there.
        return places.get(finding.place.node_id, url_for("studio.course", course_id=course_id)) + anchor
    if not field:
        return url_for("studio.course", course_id=course_id)
    return url_for("studio.texts", course_id=course_id) + anchor


def in_russian() -> bool:
    """Whether the reader reads catalogues in Russian."""
    return str(get_locale()).startswith("ru")
