"""The author's courses: the table, making one, where it stands, its texts and its hand-in (L-1 to L-3)."""

from flask import render_template, request

from backoffice.public.sessions import viewer
from backoffice.public.studio.blueprint import bp
from backoffice.queries import studio


@bp.get("/")
@bp.get("/courses")
def courses() -> str:
    """The author's courses with state and what is in the way."""
    rows = studio.courses_of(viewer().actor, after=request.args.get("after", type=int))
    return render_template("studio/courses.html", courses=rows, page_size=studio.PAGE_SIZE)
