"""The moderators' queue and the page of one submission (B-1, B-2)."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice import clock
from backoffice.access import Action
from backoffice.admin.base import Page, perform, video_url
from backoffice.errors import DomainError
from backoffice.integrations.checks import messages
from backoffice.integrations.checks.model import Finding, Severity
from backoffice.operations import review
from backoffice.public.field_labels import FIELD_LABELS
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries import back_office
from backoffice.queries import review as queries
from backoffice.queries.review import ReviewPage

_SEVERITIES = list(Severity)


class ReviewQueue(Page):
    """Changed courses and flagged first publications; a claim keeps others away from one of them."""

    action = Action.REVIEW

    @expose("/")
    def index(self) -> str:
        """The queue, oldest first."""
        page = queries.queue(request.args.get("after"))
        more = url_for(".index", after=page.next_after) if page.next_after else ""
        return self.render("admin/queue.html", page=page, more=more, now=clock.now())

    @expose("/<int:submission_id>")
    def submission(self, submission_id: int) -> str:
        """Evidence, content beside the live revision, and the decision."""
        return self._show(submission_id)

    @expose("/<int:submission_id>/claim", methods=("POST",))
    def claim(self, submission_id: int) -> Response:
        """Take the submission, or take over a claim that has lapsed."""
        return perform(
            lambda: review.claim(actor=viewer().actor, submission_id=submission_id),
            _("This submission is yours now."),
            url_for(".submission", submission_id=submission_id),
        )

    @expose("/<int:submission_id>/release", methods=("POST",))
    def release(self, submission_id: int) -> Response:
        """Give it back to the queue."""
        return self._to_queue(
            lambda: review.release_claim(actor=viewer().actor, submission_id=submission_id),
            _("The submission is back in the queue."),
            submission_id,
        )

    @expose("/<int:submission_id>/approve", methods=("POST",))
    def approve(self, submission_id: int) -> Response:
        """Make it live."""
        return self._to_queue(
            lambda: review.approve(
                actor=viewer().actor, submission_id=submission_id, shown_revision_version=_shown_version()
            ),
            _("Approved: buyers see this revision now."),
            submission_id,
        )

    @expose("/<int:submission_id>/reject", methods=("POST",))
    def reject(self, submission_id: int) -> Response | tuple[str, int]:
        """Send it back with reasons; a refused form keeps what was typed."""
        reasons, note = request.form.getlist("reasons"), request.form.get("note", "")
        try:
            review.reject(
                actor=viewer().actor,
                submission_id=submission_id,
                shown_revision_version=_shown_version(),
                reasons=reasons,
                note=note,
            )
        except DomainError as error:
            flash(str(error.message), "error")
            return self._show(submission_id, note=note, chosen=reasons), error.status
        flash(_("Sent back: the author reads your reasons."), "success")
        return redirect(url_for(".index"))

    def _to_queue(self, work: Callable[[], Any], done: str, submission_id: int) -> Response:
        return perform(work, done, url_for(".index"), otherwise=url_for(".submission", submission_id=submission_id))

    def _show(self, submission_id: int, *, note: str = "", chosen: Sequence[str] = ()) -> str:
        page = queries.review_page(submission_id)
        if page is None:
            abort(404)
        now = clock.now()
        lapsed = page.claimed_until is not None and page.claimed_until <= now
        return self.render(
            "admin/review.html",
            page=page,
            findings=_evidence(page),
            labels=FIELD_LABELS,
            video_url=video_url,
            timeline=back_office.timeline(page.course_id),
            mine=page.claimed_by == viewer().id,
            held=page.claimed_by not in (None, viewer().id) and not lapsed,
            own=page.author_id == viewer().id,
            russian=str(get_locale()).startswith("ru"),
            note=note,
            chosen=chosen,
        )


def _shown_version() -> int:
    return request.form.get("revision_version", default=0, type=whole_number)


def _evidence(page: ReviewPage) -> list[dict[str, Any]]:
    """Findings as a moderator reads them, worst first, each with the node it is in."""
    titles = {node.node_id: node.title for node in page.diff.nodes}
    ordered = sorted(page.findings, key=lambda finding: _SEVERITIES.index(finding.severity))
    return [_item(finding, titles) for finding in ordered]


def _item(finding: Finding, titles: dict[int, str]) -> dict[str, Any]:
    node_id = finding.place.node_id
    return {
        "severity": finding.severity.value,
        "sentence": messages.sentence(finding),
        "field": messages.field_name(finding),
        "node": titles.get(node_id, "") if node_id is not None else "",
        "anchor": f"node-{node_id}" if node_id in titles else f"field-{finding.place.field or 'title'}",
        "excerpt": finding.excerpt,
        "second": finding.place.second,
    }
