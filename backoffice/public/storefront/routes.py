"""The shop: home, catalogue, course and authors."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

bp = Blueprint("storefront", __name__)


@bp.get("/")
def home() -> str:
    """The front page."""
    return render_template("storefront/page.html")


@bp.get("/courses")
def courses() -> str:
    """The catalogue."""
    return render_template("storefront/page.html")


@bp.get("/courses/<slug>")
def course(slug: str) -> str:
    """One course."""
    return render_template("storefront/page.html", slug=slug)


@bp.post("/courses/<slug>/buy")
def buy(slug: str) -> Response:
    """Buy the course at the price shown (M-3)."""
    return redirect(url_for(".course", slug=slug))


@bp.get("/authors")
def authors() -> str:
    """All authors."""
    return render_template("storefront/page.html")


@bp.get("/authors/<slug>")
def author(slug: str) -> str:
    """One author."""
    return render_template("storefront/page.html", slug=slug)
