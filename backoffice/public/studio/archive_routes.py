"""Courses as archives: a version of one written as a file, and a file made into a new draft (L-1, T-5)."""

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import InputRequired

from backoffice.errors import DomainError, NotFound
from backoffice.models.media import UploadKind
from backoffice.operations import exports
from backoffice.operations.course_imports import REFUSED
from backoffice.operations.quotas import MIB
from backoffice.operations.upload_rows import largest_mb
from backoffice.public import refusals
from backoffice.public.account.forms import KeyedForm
from backoffice.public.media.messages import error_sentence
from backoffice.public.sessions import viewer
from backoffice.public.studio import desk
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.routes import Page
from backoffice.queries import course_archives, versions
from backoffice.queries import exports as export_queries
from backoffice.queries.studio import CourseHead

EXPORT_FAILURES: dict[str, Any] = {
    "too_large": _l(
        "The texts of this course are larger than 16 MB, more than an archive may have. Divide the course."
    ),
    exports.GAVE_UP: _l("The writing stopped several times on our side. Try again later."),
}


class ExportForm(KeyedForm):
    """Which version is to be written."""

    number = SelectField(_l("Version"), coerce=int, validators=[InputRequired()])


@bp.route("/courses/<int:course_id>/export", methods=["GET", "POST"])
def course_export(course_id: int) -> Page:
    """Ask for a version of the course as an archive; those that were asked for, with how far they are."""
    head = _own_course(course_id)
    form = ExportForm(data={"number": head.revision_number})
    form.number.choices = [
        (number, _("Version %(number)s, the one you are working on", number=number))
        if number == head.revision_number
        else (number, _("Version %(number)s", number=number))
        for number in versions.revision_ids(course_id)
    ]
    if form.validate_on_submit():
        try:
            exports.ask_course(
                actor=viewer().actor,
                course_id=course_id,
                number=form.number.data,
                request_key=str(form.request_key.data),
                locale=str(get_locale()),
                time_zone=viewer().time_zone,
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            return redirect(url_for("studio.course_export", course_id=course_id))
    page = desk.page("studio/export.html", head, current="export", form=form, **_exports(head))
    return page, 422 if form.is_submitted() else 200


@bp.get("/courses/<int:course_id>/export/state")
def course_export_state(course_id: int) -> str:
    """The table alone, asked for again and again until everything in it is written (T-5)."""
    head = _own_course(course_id)
    return render_template("studio/_exports.html", course=head, **_exports(head))


def _own_course(course_id: int) -> CourseHead:
    head = desk.load(course_id)
    if not head.is_own:
        raise NotFound("course.not_found", _("There is no such course."))
    return head


def _exports(head: CourseHead) -> dict[str, Any]:
    rows = export_queries.of_course(viewer().actor.person_id, head.id)
    return {"rows": rows, "failures": EXPORT_FAILURES}


@bp.get("/courses/import")
def course_import() -> str:
    """Send an archive; those that were sent, with what became of them."""
    return render_template("studio/import.html", max_bytes=largest_mb(UploadKind.ARCHIVE) * MIB, **_imports())


@bp.get("/courses/import/state")
def course_import_state() -> str:
    """The list alone, asked for again and again until nothing in it moves (T-5)."""
    return render_template("studio/_imports.html", **_imports())


def _imports() -> dict[str, Any]:
    rows = course_archives.imports_of(viewer().actor.person_id)
    return {"rows": rows, "refused": REFUSED, "sentence": error_sentence}
