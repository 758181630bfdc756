"""Roles and access of users, by admins (B-3, B-8)."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock
from backoffice.access import Action, Actor, Role
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.models.people import User, UserRole

GRANTABLE = frozenset({Role.MODERATOR, Role.ADMIN})
# A petabyte: more is a slip of the hand.
QUOTA_MAX_MB = 1024**3


@operation
def grant_role(*, actor: Actor, user_id: int, role: Role) -> User:
    """Make a user a moderator or an admin; harmless when they are (B-3). Errors: as `_target`, `user.role`."""
    user = _target(actor, user_id)
    _require_grantable(role)
    if db.session.get(UserRole, (user.id, role)) is None:
        db.session.add(UserRole(user_id=user.id, role=role, granted_by=actor.user_id))
    return user


@operation
def revoke_role(*, actor: Actor, user_id: int, role: Role) -> User:
    """Take a staff role away and end the user's sessions; harmless when they do not hold it (B-3)."""
    user = _target(actor, user_id)
    _require_grantable(role)
    held = db.session.get(UserRole, (user.id, role))
    if held is not None:
        db.session.delete(held)
        user.session_epoch += 1
    return user


@operation
def disable(*, actor: Actor, user_id: int) -> User:
    """Close an account to its user and end all sessions; their courses and money stay (B-3)."""
    user = _target(actor, user_id)
    if user.disabled_at is None:
        user.disabled_at = clock.now()
        user.session_epoch += 1
    return user


@operation
def enable(*, actor: Actor, user_id: int) -> User:
    """Open a disabled account again (B-3)."""
    user = _target(actor, user_id)
    user.disabled_at = None
    return user


@operation
def set_quota(*, actor: Actor, user_id: int, quota_mb: int | None) -> User:
    """Give a user room for files, MiB; None is the house's number again (X-5). Less than is in use deletes nothing.

    Errors: as `_target`, `quota.senseless`.
    """
    user = _target(actor, user_id)
    if quota_mb is not None and not 0 <= quota_mb <= QUOTA_MAX_MB:
        raise Refused("quota.senseless", _l("Give the room in whole MB, or leave the field empty."), field="quota_mb")
    user.upload_quota_mb = quota_mb
    return user


def _target(actor: Actor, user_id: int) -> User:
    """The user, locked; an admin's own rights are another admin's to change: nobody locks themselves out."""
    user = db.session.scalar(
        select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    )
    actor.require(Action.MANAGE_USERS)
    if user is None:
        raise NotFound("user.not_found", _l("There is no such user."))
    if user.id == actor.user_id:
        raise Refused("user.self", _l("Another admin has to change your own rights."))
    return user


def _require_grantable(role: Role) -> None:
    if role not in GRANTABLE:
        raise Refused("user.role", _l("Only the roles of staff are given here."), field="role")
