"""What an author has earned and will earn (M-6, M-7)."""

from flask import render_template

from backoffice.public.studio.blueprint import bp


@bp.get("/earnings")
def earnings() -> str:
    """Available, frozen and the sales that are still pending."""
    return render_template("studio/earnings.html")
