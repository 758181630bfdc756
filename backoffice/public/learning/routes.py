"""Learning: a course's outline, its lectures, and free previews."""

from flask import Blueprint, render_template

bp = Blueprint("learning", __name__)


@bp.get("/learn/<slug>")
def course(slug: str) -> str:
    """The outline with progress (P-2)."""
    return render_template("storefront/page.html", slug=slug)


@bp.get("/learn/<slug>/<int:node_id>")
def lecture(slug: str, node_id: int) -> str:
    """One lecture (P-1)."""
    return render_template("storefront/page.html", slug=slug, node_id=node_id)


@bp.get("/preview/<slug>/<int:node_id>")
def preview(slug: str, node_id: int) -> str:
    """A lecture that is open to everybody (C-4)."""
    return render_template("storefront/page.html", slug=slug, node_id=node_id)
