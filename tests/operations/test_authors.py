"""Becoming an author and the author's profile (C-6)."""

import pytest
from flask import Flask
from sqlalchemy import select

from backoffice.access import VISITOR, Actor, Role
from backoffice.db import db
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.people import AuthorProfile, UserRole
from backoffice.operations import authors
from backoffice.operations.authors import ProfileTexts
from tests.factories.people import Cast, person


def test_c6_a_student_becomes_an_author_once(app: Flask) -> None:
    student = person(name="Жанна д’Арк")
    texts = ProfileTexts(display_name="Жанна д’Арк", headline="Leads", expertise=("War", "War", " "))
    profile = authors.become_author(actor=student, texts=texts)
    assert (profile.slug, profile.expertise) == ("zhanna-d-ark", ["War"])
    again = authors.become_author(actor=student, texts=ProfileTexts(display_name="Somebody else"))
    assert again.display_name == "Жанна д’Арк"
    roles = db.session.scalars(select(UserRole.role).where(UserRole.user_id == student.user_id)).all()
    assert sorted(roles) == [Role.AUTHOR, Role.STUDENT]


def test_c6_two_authors_of_one_name_have_two_addresses(app: Flask) -> None:
    slugs = {
        authors.become_author(actor=person(), texts=ProfileTexts(display_name=name)).slug
        for name in ("Anna Lang", "ANNA LANG", "Anna – Lang")
    }
    assert len(slugs) == 3
    assert all(slug.startswith("anna-lang") for slug in slugs)
    assert authors.become_author(actor=person(), texts=ProfileTexts(display_name="山田")).slug == "author"


def test_c6_who_may_become_an_author(cast: Cast) -> None:
    unconfirmed = person(confirmed=False)
    with pytest.raises(Conflict, match=r"author\.email_unconfirmed"):
        authors.become_author(actor=unconfirmed, texts=ProfileTexts(display_name="A"))
    with pytest.raises(NotAllowed):
        authors.become_author(actor=VISITOR, texts=ProfileTexts(display_name="A"))
    assert unconfirmed.user_id not in db.session.scalars(select(AuthorProfile.user_id)).all()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"display_name": " "}, "display_name"),
        ({"display_name": "A\0"}, "display_name"),
        ({"display_name": "A" * 10_000}, "display_name"),
        ({"headline": "A" * 10_000}, "headline"),
        ({"about": "A\0"}, "about"),
        ({"expertise": tuple("abcdefghijklm")}, "expertise"),
        ({"expertise": ("a" * 10_000,)}, "expertise"),
        ({"expertise": ("a\0",)}, "expertise"),
        ({"years_of_teaching": -1}, "years_of_teaching"),
        ({"years_of_teaching": 10**30}, "years_of_teaching"),
    ],
)
def test_c6_absurd_profiles_are_refused(cast: Cast, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        authors.edit_profile(actor=cast.owner, texts=ProfileTexts(**{"display_name": "Olga"} | changes))
    assert refused.value.data["field"] == field


def test_c6_only_the_own_profile_is_edited_and_keeps_its_address(cast: Cast) -> None:
    before = db.session.get_one(AuthorProfile, cast.owner.user_id).slug
    authors.edit_profile(actor=cast.owner, texts=ProfileTexts(display_name="New Name", about="🦊", years_of_teaching=3))
    changed = db.session.get_one(AuthorProfile, cast.owner.user_id)
    assert (changed.display_name, changed.about, changed.years_of_teaching, changed.slug) == (
        "New Name",
        "🦊",
        3,
        before,
    )
    assert db.session.get_one(AuthorProfile, cast.other_author.user_id).display_name == "Otto Other"
    for stranger, error in ((cast.student, NotAllowed), (VISITOR, NotAllowed)):
        with pytest.raises(error):
            authors.edit_profile(actor=stranger, texts=ProfileTexts(display_name="X"))
    with pytest.raises(NotFound):
        authors.edit_profile(
            actor=Actor(cast.student.user_id, frozenset({Role.AUTHOR})), texts=ProfileTexts(display_name="X")
        )
