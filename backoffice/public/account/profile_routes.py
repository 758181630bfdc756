"""The own profile: name, language, time zone and password."""

from flask import flash, redirect, render_template, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.operations import accounts
from backoffice.public import refusals
from backoffice.public.account.blueprint import bp
from backoffice.public.account.profile_forms import AS_THE_BROWSER, PasswordForm, ProfileForm
from backoffice.public.auth import logins
from backoffice.public.security import limiter
from backoffice.public.sessions import viewer


def _page(profile: ProfileForm, password: PasswordForm) -> str:
    return render_template("account/profile.html", profile=profile, password=password)


def _profile_form() -> ProfileForm:
    person = viewer()
    return ProfileForm(
        formdata=None,
        data={"name": person.name, "locale": person.locale or AS_THE_BROWSER, "time_zone": person.time_zone},
    )


@bp.get("/profile")
def profile() -> str:
    """The forms as they stand."""
    return _page(_profile_form(), PasswordForm(formdata=None))


@bp.post("/profile")
def edit_profile() -> Response | tuple[str, int]:
    """Save name, language and time zone."""
    form = ProfileForm()
    if form.validate_on_submit():
        try:
            accounts.edit_profile(
                actor=viewer().actor,
                name=form.name.data,
                locale=None if form.locale.data == AS_THE_BROWSER else form.locale.data,
                time_zone=form.time_zone.data,
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            # The choice of this browser gives way to the choice of the account.
            session.pop("locale", None)
            flash(_("Your profile is saved."), "success")
            return redirect(url_for("account.profile"))
    return _page(form, PasswordForm(formdata=None)), 422


@bp.post("/profile/password")
@limiter.limit(lambda: settings().login_attempts, key_func=lambda: f"password:{viewer().id}")
def change_password() -> Response | tuple[str, int]:
    """Change the password: other sessions end, this one goes on."""
    form = PasswordForm()
    person = viewer()
    if form.validate_on_submit() and person.id is not None:
        try:
            accounts.change_password(actor=person.actor, current=form.current.data, password=form.password.data)
        except DomainError as error:
            refusals.show(form, error)
        else:
            logins.begin(person.id)
            flash(_("Your password is changed. You are signed out everywhere else."), "success")
            return redirect(url_for("account.profile"))
    return _page(_profile_form(), form), 422
