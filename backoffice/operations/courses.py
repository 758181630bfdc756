"""A course as its author owns and sells it: making it, its sale terms, on and off sale (L-1, L-5, M-11)."""

import re
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.catalogues import Language
from backoffice.models.content import Revision
from backoffice.models.courses import Course, CourseKind, CourseState, SaleTerms
from backoffice.operations.texts import cleaned

TITLE_MAX = 200
PRICE_MAX_MINOR = 100_000_000
SLUG_MAX = 60
_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya".replace("-", "").split(" "),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a course costs, in minor units, and when it is sold; moments are aware."""

    price_minor: int
    discount_minor: int | None = None
    discount_until: datetime | None = None
    sale_from: datetime | None = None
    sale_until: datetime | None = None


def owned(actor: Actor, course_id: int) -> Course:
    """The author's own course, locked. NotAllowed for who is no author, NotFound `course.not_found` for all others."""
    course = db.session.scalar(
        select(Course).where(Course.id == course_id).with_for_update().execution_options(populate_existing=True)
    )
    actor.require(Action.EDIT_COURSES)
    if course is None or course.author_id != actor.user_id:
        raise NotFound("course.not_found", _l("There is no such course."))
    return course


@operation
def create(*, actor: Actor, title: str, language_code: str = "en") -> Course:
    """Make a recorded course with an empty draft (L-1). Errors name the field: title, language_code."""
    actor.require(Action.EDIT_COURSES)
    title = cleaned(title, field="title", at_most=TITLE_MAX, required=True)
    require_language(language_code)
    course = _insert(actor.person_id, title)
    revision = Revision(course_id=course.id, number=1, title=title, language_code=language_code)
    db.session.add(revision)
    db.session.flush()
    course.draft_revision_id = revision.id
    states.begin(course, actor=actor, course_id=course.id)
    states.begin(revision, actor=actor, course_id=course.id)
    return course


def require_language(code: str) -> None:
    """Refused `language.unknown` unless courses can be held in this language."""
    if db.session.scalar(select(Language.code).where(Language.code == code, Language.retired_at.is_(None))) is None:
        raise Refused("language.unknown", _l("Choose a language of the list."), field="language_code")


def _insert(author_id: int, title: str) -> Course:
    slug = slug_of(title)
    while True:
        values = {"author_id": author_id, "kind": CourseKind.RECORDED, "slug": slug, "currency": settings().currency}
        course = db.session.scalar(insert(Course).values(values).on_conflict_do_nothing().returning(Course))
        if course is not None:
            return course
        slug = f"{slug_of(title)}-{secrets.token_hex(3)}"


def slug_of(title: str) -> str:
    """The title in an address: lower case letters, digits and hyphens; Cyrillic is transliterated."""
    latin = "".join(_CYRILLIC.get(letter, letter) for letter in title.lower())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_MAX].strip("-") or "course"


@operation
def set_sale_terms(*, actor: Actor, course_id: int, terms: Terms) -> Course:
    """Set price, discount and sales window; they take effect at once, need no review and leave a history (L-5, M-11).

    The same terms again change nothing. Errors name the field: `price.senseless`, `discount.not_below_price`,
    `discount.missing`, `discount.over`, `sale.window_reversed`.
    """
    course = owned(actor, course_id)
    wanted = asdict(terms)
    if all(getattr(course, name) == value for name, value in wanted.items()):
        return course
    _require_sensible(terms)
    # One that ran out meanwhile may stay where it is while something else is changed.
    if terms.discount_until not in (None, course.discount_until) and terms.discount_until <= clock.now():
        raise Refused("discount.over", _l("This moment is over already."), field="discount_until")
    for name, value in wanted.items():
        setattr(course, name, value)
    course.updated_at = clock.now()
    db.session.add(SaleTerms(course_id=course.id, set_by=actor.person_id, **wanted))
    states.note(course, "sale_terms", actor=actor, course_id=course.id)
    return course


def _require_sensible(terms: Terms) -> None:
    if not 0 <= terms.price_minor <= PRICE_MAX_MINOR:
        raise Refused("price.senseless", _l("This price is not possible."), field="price")
    if terms.discount_minor is not None and not 0 <= terms.discount_minor < terms.price_minor:
        raise Refused(
            "discount.not_below_price", _l("The discounted price must be below the full price."), field="discount"
        )
    if terms.discount_until is not None and terms.discount_minor is None:
        raise Refused("discount.missing", _l("An end of the discount needs a discounted price."), field="discount")
    if terms.sale_from is not None and terms.sale_until is not None and terms.sale_from >= terms.sale_until:
        raise Refused("sale.window_reversed", _l("The sale must end after it begins."), field="sale_until")


@operation
def put_on_sale(*, actor: Actor, course_id: int) -> Course:
    """Sell a published course from now on, or from its date (L-5). Errors: `course.blocked`, `state.illegal`."""
    course = owned(actor, course_id)
    if course.state is CourseState.ON_SALE:
        return course
    if course.blocked_at is not None:
        raise Conflict("course.blocked", _l("This course is blocked; it cannot be put on sale."))
    states.move(course, CourseState.ON_SALE, actor=actor, course_id=course.id)
    return course


@operation
def take_off_sale(*, actor: Actor, course_id: int) -> Course:
    """End the sale: no new purchases, buyers keep their access (L-5). Error: `course.not_published`."""
    course = owned(actor, course_id)
    if course.state is CourseState.PUBLISHED:
        return course
    # The table leads from a draft to PUBLISHED, but by another door: a submission that has passed.
    if course.state is CourseState.DRAFT:
        raise Conflict("course.not_published", _l("This course is not published yet."))
    states.move(course, CourseState.PUBLISHED, actor=actor, course_id=course.id)
    return course
