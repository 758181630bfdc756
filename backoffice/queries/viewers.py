"""Who is looking at the page."""

from dataclasses import dataclass, field

from sqlalchemy import exists, func, select

from backoffice.access import VISITOR, Action, Actor, Role
from backoffice.db import db
from backoffice.models.people import EndedLogin, User, UserRole


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind a request, as pages and Flask-Login see them; `actor` is what operations are given."""

    id: int
    email: str
    name: str
    locale: str | None
    time_zone: str
    email_confirmed: bool
    session_epoch: int
    roles: frozenset[Role] = field(default_factory=frozenset)
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What the login cookie holds: the epoch ends old sessions when it is raised."""
        return f"{self.id}.{self.session_epoch}"

    @property
    def actor(self) -> Actor:
        """The viewer as the actor of an operation."""
        return Actor(user_id=self.id, roles=self.roles)

    @property
    def is_author(self) -> bool:
        """Whether the studio is theirs to use."""
        return Role.AUTHOR in self.roles

    @property
    def is_staff(self) -> bool:
        """Whether they see the back office (B-8)."""
        return self.actor.may(Action.SEE_BACK_OFFICE)


class AnonymousViewer:
    """A visitor."""

    id = None
    name = ""
    email = ""
    locale = None
    time_zone = "UTC"
    email_confirmed = False
    roles: frozenset[Role] = frozenset()
    actor = VISITOR
    is_authenticated = False
    is_active = False
    is_anonymous = True
    is_author = False
    is_staff = False

    def get_id(self) -> None:
        """A visitor has no session."""


def viewer_by_id(user_id: int, *, login_id: str = "") -> Viewer | None:
    """The viewer with this id; None when there is none, the account is disabled or the login ended. One statement."""
    query = (
        select(User, func.array_remove(func.array_agg(UserRole.role), None).label("roles"))
        .outerjoin(UserRole, UserRole.user_id == User.id)
        .where(User.id == user_id, User.disabled_at.is_(None), ~exists().where(EndedLogin.id == login_id))
        .group_by(User.id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    user = row.User
    return Viewer(
        id=user.id,
        email=user.email,
        name=user.name,
        locale=user.locale,
        time_zone=user.time_zone,
        email_confirmed=user.email_confirmed_at is not None,
        session_epoch=user.session_epoch,
        roles=frozenset(Role(role) for role in row.roles),
    )


def user_id_by_email(email: str) -> int | None:
    """The user with this address, whatever its case."""
    return db.session.scalar(select(User.id).where(func.lower(User.email) == email.strip().lower()))
