"""Users, their roles and their access, for admins (B-3, B-8)."""

from typing import Any, ClassVar

from flask import abort, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from backoffice.access import Action, Role
from backoffice.admin.base import Browser, perform, show_moment
from backoffice.errors import Refused
from backoffice.operations import users
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries import back_office, money
from backoffice.queries.files import room_of


def _link(_view: object, _context: object, model: object, name: str) -> Markup:
    address = url_for("admin_users.user", user_id=model.id)  # type: ignore[attr-defined]
    return Markup('<a href="{}">{}</a>').format(address, getattr(model, name))


class UserBrowser(Browser):
    """All users; the page of one has the buttons."""

    action = Action.MANAGE_USERS
    can_view_details = False
    column_list = ("id", "email", "name", "created_at", "email_confirmed_at", "disabled_at")
    column_export_list = column_list
    column_searchable_list = ("email", "name")
    column_filters = ("created_at", "disabled_at", "email_confirmed_at")
    column_formatters: ClassVar[dict[str, Any]] = {
        "email": _link,
        **dict.fromkeys(("created_at", "email_confirmed_at", "disabled_at"), show_moment),
    }
    column_formatters_export: ClassVar[dict[str, Any]] = {}

    @expose("/<int:user_id>")
    def user(self, user_id: int) -> str:
        """One user with what can be done."""
        page = back_office.user_page(user_id)
        if page is None:
            abort(404)
        grantable = sorted(users.GRANTABLE)
        balance = money.balance(user_id) if viewer().actor.may(Action.SEE_LEDGER) else None
        is_self = page.id == viewer().id
        room = room_of(user_id)
        return self.render(
            "admin/user.html", page=page, grantable=grantable, is_self=is_self, balance=balance, room=room
        )

    @expose("/<int:user_id>/grant", methods=("POST",))
    def grant(self, user_id: int) -> Response:
        """Give a staff role."""
        return perform(
            lambda: users.grant_role(actor=viewer().actor, user_id=user_id, role=_role()),
            _("The role is given."),
            url_for(".user", user_id=user_id),
        )

    @expose("/<int:user_id>/revoke", methods=("POST",))
    def revoke(self, user_id: int) -> Response:
        """Take a staff role away."""
        return perform(
            lambda: users.revoke_role(actor=viewer().actor, user_id=user_id, role=_role()),
            _("The role is taken away, and all sessions of the user have ended."),
            url_for(".user", user_id=user_id),
        )

    @expose("/<int:user_id>/disable", methods=("POST",))
    def disable(self, user_id: int) -> Response:
        """Close the account to its user."""
        return perform(
            lambda: users.disable(actor=viewer().actor, user_id=user_id),
            _("The account is disabled, and all its sessions have ended."),
            url_for(".user", user_id=user_id),
        )

    @expose("/<int:user_id>/enable", methods=("POST",))
    def enable(self, user_id: int) -> Response:
        """Open the account again."""
        return perform(
            lambda: users.enable(actor=viewer().actor, user_id=user_id),
            _("The account is open again."),
            url_for(".user", user_id=user_id),
        )

    @expose("/<int:user_id>/quota", methods=("POST",))
    def quota(self, user_id: int) -> Response:
        """Give room for files, MiB; an empty field is the house's number again (X-5)."""
        return perform(
            lambda: users.set_quota(actor=viewer().actor, user_id=user_id, quota_mb=_megabytes()),
            _("The room for files is changed."),
            url_for(".user", user_id=user_id),
        )


def _megabytes() -> int | None:
    typed = request.form.get("quota_mb", "").strip()
    try:
        return whole_number(typed) if typed else None
    except ValueError as error:
        raise Refused("quota.senseless", _("Give the room in whole MB, or leave the field empty.")) from error


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError as error:
        raise Refused("user.role", _("There is no such role."), field="role") from error
