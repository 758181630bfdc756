"""Who may do what: one table of roles and actions (B-8), asked by operations and by edges alike."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from backoffice.errors import NotAllowed


class Role(StrEnum):
    """Roles of domain.md; one user may hold several. SYSTEM is the house itself: sweeps and actors."""

    STUDENT = "student"
    AUTHOR = "author"
    MODERATOR = "moderator"
    ADMIN = "admin"
    SYSTEM = "system"


class Action(StrEnum):
    """What the matrix decides by role alone. Ownership ("own course") is checked by the operation besides."""

    BUY = "buy"
    LEARN = "learn"
    TOP_UP = "top_up"
    BECOME_AUTHOR = "become_author"
    EDIT_COURSES = "edit_courses"
    UPLOAD = "upload"
    WITHDRAW = "withdraw"
    SEE_BACK_OFFICE = "see_back_office"
    SEE_ALL_COURSES = "see_all_courses"
    REVIEW = "review"
    BLOCK_COURSES = "block_courses"
    SEE_STUCK_UPLOADS = "see_stuck_uploads"
    MANAGE_USERS = "manage_users"
    MANAGE_CATALOGUES = "manage_catalogues"
    SEE_PURCHASES = "see_purchases"
    SEE_LEDGER = "see_ledger"
    DECIDE_WITHDRAWALS = "decide_withdrawals"
    MAKE_COUPONS = "make_coupons"
    MAKE_HOUSE_COUPONS = "make_house_coupons"
    GIVE_MONEY_BACK = "give_money_back"
    CORRECT_THE_BOOK = "correct_the_book"
    MANAGE_TASKS = "manage_tasks"
    SEE_LETTERS = "see_letters"
    RUN_SWEEPS = "run_sweeps"
    JUDGE = "judge"


_MODERATORS = frozenset({Role.MODERATOR, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})
_HOUSE = frozenset({Role.SYSTEM})

MATRIX: dict[Action, frozenset[Role]] = {
    Action.BUY: frozenset({Role.STUDENT}),
    Action.LEARN: frozenset({Role.STUDENT}),
    Action.TOP_UP: frozenset({Role.STUDENT}),
    Action.BECOME_AUTHOR: frozenset({Role.STUDENT}),
    Action.EDIT_COURSES: frozenset({Role.AUTHOR}),
    Action.UPLOAD: frozenset({Role.AUTHOR}),
    Action.WITHDRAW: frozenset({Role.AUTHOR}),
    Action.SEE_BACK_OFFICE: _MODERATORS,
    Action.SEE_ALL_COURSES: _MODERATORS,
    Action.REVIEW: _MODERATORS,
    Action.BLOCK_COURSES: _MODERATORS,
    Action.SEE_STUCK_UPLOADS: _MODERATORS,
    # The house too: the first admin is named on the server's console.
    Action.MANAGE_USERS: _ADMINS | _HOUSE,
    Action.MANAGE_CATALOGUES: _ADMINS,
    Action.SEE_PURCHASES: _ADMINS,
    Action.SEE_LEDGER: _ADMINS,
    Action.DECIDE_WITHDRAWALS: _ADMINS,
    Action.MAKE_COUPONS: frozenset({Role.AUTHOR}),
    Action.MAKE_HOUSE_COUPONS: _ADMINS,
    Action.GIVE_MONEY_BACK: _ADMINS,
    Action.CORRECT_THE_BOOK: _ADMINS,
    Action.MANAGE_TASKS: _ADMINS,
    Action.SEE_LETTERS: _ADMINS,
    Action.RUN_SWEEPS: _HOUSE,
    Action.JUDGE: _HOUSE,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: given to every operation, never read from the web. `user_id` is None for the house and for visitors."""

    user_id: int | None
    roles: Set[Role]

    @property
    def person_id(self) -> int:
        """The user who acts; NotAllowed for visitors and the house."""
        if self.user_id is None:
            raise NotAllowed("access.denied", _l("You are not allowed to do this."))
        return self.user_id

    def may(self, action: Action) -> bool:
        """Whether the matrix lets one of the actor's roles do this."""
        return not self.roles.isdisjoint(MATRIX[action])

    def require(self, action: Action) -> None:
        """Raise NotAllowed unless the matrix allows it (B-8)."""
        if not self.may(action):
            raise NotAllowed("access.denied", _l("You are not allowed to do this."))


SYSTEM = Actor(user_id=None, roles=frozenset({Role.SYSTEM}))
VISITOR = Actor(user_id=None, roles=frozenset())
