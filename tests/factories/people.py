"""People of tests, made directly: rights are what is tested, not registration."""

from dataclasses import dataclass
from itertools import count

from flask.testing import FlaskClient

from backoffice import clock
from backoffice.access import VISITOR, Actor, Role
from backoffice.db import db, unguarded
from backoffice.models.people import AuthorProfile, User, UserRole

_numbers = count(1)


@dataclass(frozen=True)
class Cast:
    """One person of each kind."""

    owner: Actor
    other_author: Actor
    student: Actor
    other_student: Actor
    moderator: Actor
    admin: Actor
    visitor: Actor = VISITOR


def person(*roles: Role, confirmed: bool = True, name: str = "") -> Actor:
    """A user with these roles besides STUDENT; an author gets a profile."""
    number = next(_numbers)
    everything = frozenset({Role.STUDENT, *roles})
    with unguarded():
        user = User(
            email=f"person{number}@example.org",
            password_hash="!",
            name=name or f"Person {number}",
            email_confirmed_at=clock.now() if confirmed else None,
        )
        db.session.add(user)
        db.session.flush()
        db.session.add_all(UserRole(user_id=user.id, role=role) for role in everything)
        if Role.AUTHOR in everything:
            db.session.add(AuthorProfile(user_id=user.id, slug=f"person-{number}", display_name=user.name))
        db.session.commit()
    return Actor(user_id=user.id, roles=everything)


def make_cast() -> Cast:
    """One person of each kind."""
    return Cast(
        owner=person(Role.AUTHOR, name="Olga Owner"),
        other_author=person(Role.AUTHOR, name="Otto Other"),
        student=person(name="Stella Student"),
        other_student=person(name="Stefan Student"),
        moderator=person(Role.MODERATOR, name="Mona Moderator"),
        admin=person(Role.ADMIN, name="Ada Admin"),
    )


def log_in(client: FlaskClient, actor: Actor) -> FlaskClient:
    """Give the client the session of this person."""
    user = db.session.get_one(User, actor.user_id)
    with client.session_transaction() as session:
        session["_user_id"] = f"{user.id}.{user.session_epoch}"
        session["_fresh"] = True
    return client
