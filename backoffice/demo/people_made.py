"""Catalogues and people of the demo shop, as they would come to be in life (C-6, C-8, B-8)."""

from dataclasses import dataclass, field

from sqlalchemy import select

from backoffice.access import VISITOR, Actor, Role
from backoffice.db import db
from backoffice.demo import people
from backoffice.dev import DEMO_PASSWORD
from backoffice.models.people import User, UserRole
from backoffice.operations import account_tokens, accounts, authors, catalogues, users
from backoffice.operations.account_tokens import Purpose
from backoffice.operations.authors import ProfileTexts

# The first admin cannot be made by an admin.
FOUNDER = Actor(user_id=None, roles=frozenset({Role.ADMIN}))


@dataclass
class Shop:
    """What was made so far, for the steps that follow: people, and ids of the catalogues by slug."""

    authors: list[Actor] = field(default_factory=list)
    buyers: list[Actor] = field(default_factory=list)
    student: Actor = VISITOR
    moderator: Actor = VISITOR
    admin: Actor = VISITOR
    categories: dict[str, int] = field(default_factory=dict)
    skills: dict[str, int] = field(default_factory=dict)


def fill_catalogues(shop: Shop) -> None:
    """Categories, skills, languages and rejection reasons."""
    for slug, english, russian in people.CATEGORIES:
        shop.categories[slug] = _entry("category", english, russian, key=slug)
    for english, russian, skills in people.SKILLS:
        area_id = _entry("skill_area", english, russian)
        for slug, skill_english, skill_russian in skills:
            shop.skills[slug] = _entry("skill", skill_english, skill_russian, key=slug, parent_id=area_id)
    for code, english, russian in people.LANGUAGES:
        catalogues.add(actor=FOUNDER, catalogue="language", text_en=english, text_ru=russian, key=code)
    for code, english, russian in people.REASONS:
        _entry("rejection_reason", english, russian, key=code)


def _entry(catalogue: str, english: str, russian: str, *, key: str = "", parent_id: int | None = None) -> int:
    entry = catalogues.add(
        actor=FOUNDER, catalogue=catalogue, text_en=english, text_ru=russian, key=key, parent_id=parent_id
    )
    return int(entry.id)  # type: ignore[union-attr]


def invite_people(shop: Shop) -> None:
    """The four logins that `up` prints, the other authors, and the buyers."""
    shop.student = _person(*people.STUDENT)
    shop.moderator = _staff(_person(*people.MODERATOR), Role.MODERATOR)
    shop.admin = _staff(_person(*people.ADMIN), Role.ADMIN)
    for author in people.AUTHORS:
        person = _person(author.email, author.name, author.locale, author.time_zone)
        texts = ProfileTexts(
            display_name=author.name,
            headline=author.headline,
            about=author.about,
            expertise=author.expertise,
            years_of_teaching=author.years,
        )
        authors.become_author(actor=person, texts=texts)
        shop.authors.append(_with_roles(person))
    for number, name in enumerate(people.BUYERS, start=1):
        locale = "en" if name.isascii() else "ru"
        shop.buyers.append(_person(f"buyer{number}@lectern.example", name, locale, "UTC"))


def _person(email: str, name: str, locale: str, time_zone: str) -> Actor:
    accounts.register(actor=VISITOR, email=email, password=DEMO_PASSWORD, name=name, locale=locale, time_zone=time_zone)
    user = db.session.scalars(select(User).where(User.email == email)).one()
    accounts.confirm_email(actor=VISITOR, token=account_tokens.make(user.id, Purpose.CONFIRM_EMAIL))
    return _with_roles(Actor(user_id=user.id, roles=frozenset()))


def _staff(person: Actor, role: Role) -> Actor:
    users.grant_role(actor=FOUNDER, user_id=person.person_id, role=role)
    return _with_roles(person)


def _with_roles(person: Actor) -> Actor:
    db.session.flush()
    roles = db.session.scalars(select(UserRole.role).where(UserRole.user_id == person.user_id))
    return Actor(user_id=person.user_id, roles=frozenset(roles))
