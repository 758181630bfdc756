"""All courses, one with its revisions and timeline, and the block (B-3, L-6, L-8)."""

from flask import abort, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.admin.base import Page, perform, video_url
from backoffice.operations import blocks
from backoffice.public.field_labels import FIELD_LABELS
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries import back_office
from backoffice.queries.contents import content_diff


class CoursesPage(Page):
    """Every course in every state: moderators see all content (L-8)."""

    action = Action.SEE_ALL_COURSES

    @expose("/")
    def index(self) -> str:
        """The list, newest first, by key; `q` searches title and author."""
        search, blocked = request.args.get("q", "").strip(), bool(request.args.get("blocked"))
        before = request.args.get("before", type=whole_number)
        found = back_office.courses(search=search, blocked=blocked, before_id=before)
        shown = found[: back_office.PAGE]
        more = ""
        if len(found) > len(shown):
            more = url_for(".index", q=search or None, blocked=int(blocked) or None, before=shown[-1].id)
        return self.render("admin/courses.html", courses=shown, more=more, search=search, blocked=blocked)

    @expose("/<int:course_id>")
    def course(self, course_id: int) -> str:
        """One course."""
        page = back_office.course_page(course_id)
        if page is None:
            abort(404)
        return self.render("admin/course.html", page=page)

    @expose("/<int:course_id>/revisions/<int:revision_id>")
    def revision(self, course_id: int, revision_id: int) -> str:
        """One revision beside the one that it was made from (L-6)."""
        page = back_office.course_page(course_id)
        shown = next((row for row in page.revisions if row.id == revision_id), None) if page else None
        if shown is None:
            abort(404)
        difference = content_diff(shown.based_on_id, shown.id)
        return self.render(
            "admin/revision.html",
            page=page,
            revision=shown,
            difference=difference,
            labels=FIELD_LABELS,
            video_url=video_url,
        )

    @expose("/<int:course_id>/block", methods=("POST",))
    def block(self, course_id: int) -> Response:
        """Block with a reason."""
        reason = request.form.get("reason", "")
        return perform(
            lambda: blocks.block(actor=viewer().actor, course_id=course_id, reason=reason),
            _("Blocked: it is off sale and out of the catalogue."),
            url_for(".course", course_id=course_id),
        )

    @expose("/<int:course_id>/unblock", methods=("POST",))
    def unblock(self, course_id: int) -> Response:
        """Lift the block."""
        return perform(
            lambda: blocks.unblock(actor=viewer().actor, course_id=course_id),
            _("The block is lifted: the course is where it was before."),
            url_for(".course", course_id=course_id),
        )
