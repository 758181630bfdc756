"""Corrections: another transaction with a reason, and a second admin above a limit (B-4, M-10)."""

import pytest

from backoffice import ledger
from backoffice.access import Actor, Role
from backoffice.errors import Conflict, DomainError, NotAllowed, Refused
from backoffice.models.corrections import Correction, CorrectionState
from backoffice.operations import corrections
from tests.factories.money import fund
from tests.factories.people import Cast, person

LIMIT = 10_000


def enter(cast: Cast, amount: int, **changes: object) -> Correction:
    """Give the student money from the house."""
    arguments: dict[str, object] = {
        "actor": cast.admin,
        "request_key": "the form",
        "lines": {ledger.GOODWILL: -amount, ledger.available(cast.student.person_id): amount},
        "reason": "The card was charged twice",
    }
    return corrections.enter(**(arguments | changes))


def available(actor: Actor) -> int:
    return ledger.balance(ledger.available(actor.person_id))


@pytest.fixture(autouse=True)
def _money(cast: Cast) -> None:
    fund(cast.student, 100)


def test_b4_up_to_the_limit_one_admin_is_enough(cast: Cast) -> None:
    assert enter(cast, LIMIT).state is CorrectionState.POSTED
    assert available(cast.student) == 100 + LIMIT
    assert ledger.balance(ledger.GOODWILL) == -LIMIT


def test_b4_above_the_limit_a_second_admin_confirms(cast: Cast) -> None:
    correction = enter(cast, LIMIT + 1)
    assert correction.state is CorrectionState.WAITING
    assert available(cast.student) == 100
    with pytest.raises(NotAllowed) as error:
        corrections.confirm(actor=cast.admin, correction_id=correction.id)
    assert error.value.code == "correction.own"
    second = person(Role.ADMIN)
    for _click in range(2):
        assert corrections.confirm(actor=second, correction_id=correction.id).state is CorrectionState.POSTED
        assert available(cast.student) == 100 + LIMIT + 1


def test_b4_nobody_corrects_or_confirms_about_their_own_money(cast: Cast) -> None:
    own = {ledger.GOODWILL: -100, ledger.available(cast.admin.person_id): 100}
    fund(cast.admin, 50)
    small = enter(cast, 0, lines=own)
    assert small.state is CorrectionState.WAITING
    assert available(cast.admin) == 50
    second = person(Role.ADMIN)
    about_second = enter(
        cast, 0, request_key="2", lines={ledger.available(cast.student.person_id): -60, ledger.GOODWILL: 60}
    )
    assert about_second.state is CorrectionState.POSTED
    fund(second, 10)
    large = {ledger.GOODWILL: -LIMIT - 1, ledger.available(second.person_id): LIMIT + 1}
    waiting = enter(cast, 0, request_key="3", lines=large)
    with pytest.raises(NotAllowed) as error:
        corrections.confirm(actor=second, correction_id=waiting.id)
    assert error.value.code == "correction.own_money"
    assert available(second) == 10
    assert corrections.confirm(actor=second, correction_id=small.id).state is CorrectionState.POSTED
    assert available(cast.admin) == 150


def test_b4_a_declined_correction_moves_nothing(cast: Cast) -> None:
    correction = enter(cast, LIMIT + 1)
    corrections.decline(actor=cast.admin, correction_id=correction.id, reason="A typing error")
    with pytest.raises(Conflict) as error:
        corrections.confirm(actor=person(Role.ADMIN), correction_id=correction.id)
    assert error.value.code == "state.illegal"
    assert available(cast.student) == 100


def test_m10_one_form_is_one_correction(cast: Cast) -> None:
    assert enter(cast, 500).id == enter(cast, 500).id
    assert available(cast.student) == 600
    with pytest.raises(Conflict) as error:
        enter(cast, 501)
    assert error.value.code == "correction.key_reused"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "correction.reason"),
        ({"lines": {ledger.GOODWILL: -5, ledger.COMMISSION: 4}}, "correction.unbalanced"),
        ({"lines": {ledger.GOODWILL: 0}}, "correction.unbalanced"),
        ({"lines": {ledger.GOODWILL: -5, "available:999999": 5}}, "correction.account"),
        ({"lines": {ledger.GOODWILL: -5, "reserve:1": 5}}, "correction.account"),
        ({"lines": {ledger.GOODWILL: 5, "provider:fake": -5}, "actor": "student"}, "access.denied"),
        ({"actor": "moderator"}, "access.denied"),
    ],
)
def test_b4_what_a_correction_may_not_be(cast: Cast, changes: dict[str, object], code: str) -> None:
    if "actor" in changes:
        changes = changes | {"actor": getattr(cast, str(changes["actor"]))}
    with pytest.raises(DomainError) as error:
        enter(cast, 5, **changes)
    assert error.value.code == code


def test_m10_a_correction_takes_no_more_than_there_is(cast: Cast) -> None:
    with pytest.raises(Refused) as error:
        enter(cast, -101)
    assert error.value.code == "money.not_enough"
    assert available(cast.student) == 100
