"""Becoming an author and the profile that authors show (C-6)."""

import secrets
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock
from backoffice.access import Action, Actor, Role
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.people import AuthorProfile, User, UserRole
from backoffice.operations.slugs import slug_of
from backoffice.operations.texts import cleaned, legible_name

MAX_DISPLAY_NAME = 80
MAX_HEADLINE = 160
MAX_ABOUT = 5000
MAX_EXPERTISE = 12
MAX_EXPERTISE_LENGTH = 60
MAX_YEARS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTexts:
    """What an author writes about themselves. `expertise` is a list of fields, `years_of_teaching` 0 to 80 or None."""

    display_name: str
    headline: str = ""
    about: str = ""
    expertise: tuple[str, ...] = ()
    years_of_teaching: int | None = None


@operation
def become_author(*, actor: Actor, texts: ProfileTexts) -> AuthorProfile:
    """Fill in the profile and get the role of an author in one step; a repeated call returns the profile as it is.

    Errors: `author.email_unconfirmed`, and those of `edit_profile`.
    """
    user = db.session.scalar(select(User).where(User.id == actor.user_id).with_for_update())
    actor.require(Action.BECOME_AUTHOR)
    if user is None:
        raise NotFound("user.not_found", _l("There is no such account."))
    profile = db.session.get(AuthorProfile, user.id)
    if profile is None:
        if user.email_confirmed_at is None:
            raise Conflict("author.email_unconfirmed", _l("Please confirm your e-mail first."))
        texts = _checked(texts)
        profile = _insert(user.id, texts.display_name)
        _apply(profile, texts)
    db.session.execute(
        insert(UserRole)
        .values(user_id=user.id, role=Role.AUTHOR, granted_by=user.id, granted_at=clock.now())
        .on_conflict_do_nothing()
    )
    return profile


@operation
def edit_profile(*, actor: Actor, texts: ProfileTexts) -> AuthorProfile:
    """Change the own author profile; the slug stays, so that links go on working.

    Errors: `author.not_found`, `author.display_name`, those of texts, `author.expertise`, `author.years`, each of
    the last four with `data["field"]`.
    """
    profile = db.session.scalar(select(AuthorProfile).where(AuthorProfile.user_id == actor.user_id).with_for_update())
    actor.require(Action.EDIT_COURSES)
    if profile is None:
        raise NotFound("author.not_found", _l("There is no author profile yet."))
    _apply(profile, _checked(texts))
    profile.updated_at = clock.now()
    return profile


def _apply(profile: AuthorProfile, texts: ProfileTexts) -> None:
    profile.display_name = texts.display_name
    profile.headline = texts.headline
    profile.about = texts.about
    profile.expertise = list(texts.expertise)
    profile.years_of_teaching = texts.years_of_teaching


def _checked(texts: ProfileTexts) -> ProfileTexts:
    display_name = " ".join(texts.display_name.split())
    if not legible_name(display_name, MAX_DISPLAY_NAME):
        raise Refused(
            "author.display_name",
            _l("Give a name of at most %(most)s characters.", most=MAX_DISPLAY_NAME),
            field="display_name",
        )
    expertise = tuple(dict.fromkeys(word for word in (" ".join(item.split()) for item in texts.expertise) if word))
    if len(expertise) > MAX_EXPERTISE or not all(legible_name(word, MAX_EXPERTISE_LENGTH) for word in expertise):
        raise Refused(
            "author.expertise",
            _l(
                "At most %(most)s fields of at most %(length)s characters.",
                most=MAX_EXPERTISE,
                length=MAX_EXPERTISE_LENGTH,
            ),
            field="expertise",
        )
    if texts.years_of_teaching is not None and not 0 <= texts.years_of_teaching <= MAX_YEARS:
        raise Refused("author.years", _l("Give years from 0 to %(most)s.", most=MAX_YEARS), field="years_of_teaching")
    return ProfileTexts(
        display_name=display_name,
        headline=cleaned(" ".join(texts.headline.split()), field="headline", at_most=MAX_HEADLINE),
        about=cleaned(texts.about, field="about", at_most=MAX_ABOUT),
        expertise=expertise,
        years_of_teaching=texts.years_of_teaching,
    )


def _insert(user_id: int, display_name: str) -> AuthorProfile:
    stem = slug_of(display_name, otherwise="author")
    slug = stem
    while True:
        # The user's row is locked, so a conflict can only be another author's slug, even one not committed yet.
        values = {"user_id": user_id, "slug": slug, "display_name": display_name}
        query = insert(AuthorProfile).values(values).on_conflict_do_nothing().returning(AuthorProfile)
        profile = db.session.scalar(query)
        if profile is not None:
            return profile
        slug = f"{stem}-{secrets.token_hex(2)}"
