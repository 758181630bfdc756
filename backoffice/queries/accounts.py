"""The account's own data: profile of a person and of an author."""

from dataclasses import dataclass

from sqlalchemy import select

from backoffice.db import db
from backoffice.models.people import AuthorProfile


@dataclass(frozen=True, slots=True)
class AuthorTexts:
    """What an author has written about themselves (C-6); `expertise` one field per line, as the form shows it."""

    slug: str
    display_name: str
    headline: str
    about: str
    expertise: str
    years_of_teaching: int | None


def author_texts(user_id: int) -> AuthorTexts | None:
    """The author profile of a user; None when they have none. One statement."""
    row = db.session.execute(
        select(
            AuthorProfile.slug,
            AuthorProfile.display_name,
            AuthorProfile.headline,
            AuthorProfile.about,
            AuthorProfile.expertise,
            AuthorProfile.years_of_teaching,
        ).where(AuthorProfile.user_id == user_id)
    ).one_or_none()
    if row is None:
        return None
    return AuthorTexts(
        row.slug, row.display_name, row.headline, row.about, "\n".join(row.expertise), row.years_of_teaching
    )
