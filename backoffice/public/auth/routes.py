"""Registration, login, logout and the links of letters."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.operations import accounts
from backoffice.public import refusals
from backoffice.public.auth import logins
from backoffice.public.auth.forms import MAX_EMAIL, EmailForm, LoginForm, NewPasswordForm, RegistrationForm
from backoffice.public.security import limiter
from backoffice.public.sessions import viewer
from backoffice.public.site.routes import safe_next

bp = Blueprint("auth", __name__)

LETTERS_PER_ADDRESS = "20 per hour"
LETTERS_PER_ACCOUNT = "5 per hour"


def _typed_email() -> str:
    """One limit per account, however its address is spelled."""
    return accounts.normal_email(request.form.get("email", "")[:MAX_EMAIL])


def _login_attempts() -> str:
    return settings().login_attempts


def _give_attempt_back() -> None:
    """Attempts are counted when they begin, so that many at once are no way around; those that lead in do not count."""
    for counted in limiter.current_limits:
        limiter.storage.incr(counted.key, counted.limit.get_expiry(), amount=-1)


def _home() -> Response:
    return redirect(url_for("storefront.home"))


@bp.route("/register", methods=["GET", "POST"])
@limiter.limit(LETTERS_PER_ADDRESS, methods=["POST"])
@limiter.limit(LETTERS_PER_ACCOUNT, methods=["POST"], key_func=_typed_email)
def register() -> Response | str | tuple[str, int]:
    """Make an account; the answer is the same whether or not the address is known."""
    if viewer().is_authenticated:
        return _home()
    form = RegistrationForm()
    if form.validate_on_submit():
        try:
            accounts.register(
                actor=viewer().actor,
                email=form.email.data,
                password=form.password.data,
                name=form.name.data,
                locale=str(get_locale()),
                time_zone=form.time_zone.data or "UTC",
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            return render_template("auth/check_inbox.html", email=form.email.data, reason="register")
    return render_template("auth/register.html", form=form), 422 if form.is_submitted() else 200


@bp.route("/login", methods=["GET", "POST"])
@limiter.limit(_login_attempts, methods=["POST"])
@limiter.limit(_login_attempts, methods=["POST"], key_func=_typed_email)
def login() -> Response | str | tuple[str, int]:
    """Log in; failed attempts are counted per address and per account."""
    goal = safe_next(request.args.get("next"))
    if viewer().is_authenticated:
        return redirect(goal or url_for("storefront.home"))
    form = LoginForm()
    if form.validate_on_submit():
        try:
            found = accounts.log_in(actor=viewer().actor, email=form.email.data, password=form.password.data)
        except DomainError as error:
            refusals.show(form, error)
        else:
            _give_attempt_back()
            logins.begin(found.user_id)
            return redirect(goal or url_for("storefront.home"))
    return render_template("auth/login.html", form=form, goal=goal), 422 if form.is_submitted() else 200


@bp.post("/logout")
def logout() -> Response:
    """End the session."""
    logins.end()
    flash(_("You are signed out."), "success")
    return _home()


@bp.route("/confirm/<token>", methods=["GET", "POST"])
def confirm_email(token: str) -> Response | str:
    """Confirm the e-mail by a button: programs that open the links of letters confirm nothing."""
    if request.method == "GET":
        return render_template("auth/confirm_email.html", token=token)
    accounts.confirm_email(actor=viewer().actor, token=token)
    flash(_("Your e-mail is confirmed."), "success")
    return _home() if viewer().is_authenticated else redirect(url_for("auth.login"))


@bp.post("/confirm/resend")
@limiter.limit(LETTERS_PER_ACCOUNT, key_func=lambda: f"resend:{viewer().id}")
def resend_confirmation() -> Response:
    """Send the letter of confirmation once more."""
    try:
        accounts.ask_confirmation(actor=viewer().actor)
    except DomainError as error:
        flash(str(error.message), "info")
    else:
        flash(_("We have sent you another letter to %(email)s.", email=viewer().email), "success")
    return redirect(safe_next(request.form.get("next")) or url_for("account.profile"))


@bp.route("/forgot", methods=["GET", "POST"])
@limiter.limit(LETTERS_PER_ADDRESS, methods=["POST"])
@limiter.limit(LETTERS_PER_ACCOUNT, methods=["POST"], key_func=_typed_email)
def forgot_password() -> str | tuple[str, int]:
    """Ask for a letter that sets a new password; the answer is always the same."""
    form = EmailForm()
    if form.validate_on_submit():
        accounts.ask_password_reset(actor=viewer().actor, email=form.email.data)
        return render_template("auth/check_inbox.html", email=form.email.data, reason="reset")
    return render_template("auth/forgot_password.html", form=form), 422 if form.is_submitted() else 200


@bp.route("/reset/<token>", methods=["GET", "POST"])
def reset_password(token: str) -> Response | str | tuple[str, int]:
    """Set a new password by the link of a letter; all sessions end."""
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            accounts.reset_password(actor=viewer().actor, token=token, password=form.password.data)
        except DomainError as error:
            refusals.show(form, error)
        else:
            logins.end()
            flash(_("Your password is set. Sign in with it."), "success")
            return redirect(url_for("auth.login"))
    return render_template("auth/reset_password.html", form=form, token=token), 422 if form.is_submitted() else 200
