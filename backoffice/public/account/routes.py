"""The account's overview, balance, history and purchases (M-4, M-6, M-7, M-9)."""

from flask import render_template
from werkzeug.wrappers import Response

from backoffice.public.account.blueprint import bp


@bp.get("/")
def dashboard() -> str | Response:
    """Overview."""
    return render_template("account/dashboard.html")


@bp.get("/balance")
def balance() -> str:
    """Available and frozen (M-7)."""
    return render_template("account/dashboard.html")


@bp.get("/history")
def history() -> str:
    """The statement (M-9)."""
    return render_template("account/dashboard.html")


@bp.get("/purchases")
def purchases() -> str:
    """What the viewer has bought (M-4)."""
    return render_template("account/dashboard.html")


@bp.post("/purchases/<int:purchase_id>/refund")
def refund(purchase_id: int) -> str:
    """Give a course back (M-4)."""
    return render_template("account/dashboard.html")


@bp.get("/top-up")
def top_up() -> str:
    """Top up the balance (M-2)."""
    return render_template("account/dashboard.html")


@bp.get("/withdraw")
def withdraw() -> str:
    """Ask for a withdrawal (M-8)."""
    return render_template("account/dashboard.html")
