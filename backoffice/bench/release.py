"""Releases that are due against plain set-based SQL that writes the same rows under the same constraints (M-5)."""

import statistics

from sqlalchemy import text

from backoffice import clock, ledger
from backoffice.access import SYSTEM
from backoffice.bench import shop
from backoffice.bench.cpu import spent_on
from backoffice.bench.report import Measure
from backoffice.db import db, operation
from backoffice.models.ledger import TransactionKind
from backoffice.operations import purchases

ROUNDS = 2
PER_ROUND = 10_000
BATCH = 500
GOAL_TIMES = 3.0

_PURCHASES = text(
    """
    INSERT INTO purchase (student_id, course_id, author_id, revision_id, state, price_minor, list_price_minor, currency,
        commission_bp, commission_minor, bought_at, refundable_until, release_at)
    SELECT s.id, c.id, c.author_id, c.live_revision_id, 'reserved', :price, :price, 'USD', 2000, :price / 5, :now,
        :now, NULL
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM user_account WHERE name = :student) s
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n FROM course) c ON c.n <= :per_student
    WHERE s.n <= :students RETURNING id, student_id
    """
)
_MAKE_DUE = text(
    "UPDATE purchase SET release_at = :now WHERE id IN"
    " (SELECT id FROM purchase WHERE state = 'reserved' AND release_at IS NULL ORDER BY id LIMIT :many)"
)
_LOCK = text(
    """
    CREATE TEMPORARY TABLE due ON COMMIT DROP AS
        SELECT id, author_id, course_id, price_minor, commission_minor FROM purchase
        WHERE state = 'reserved' AND release_at <= :now ORDER BY release_at, id LIMIT :many FOR UPDATE SKIP LOCKED;
    """
)
_ACCOUNTS = text(
    """
    INSERT INTO account (name, kind, ref, keeps_balance, may_be_negative, balance, last_seq)
    SELECT DISTINCT 'available:' || author_id, 'available', author_id::text, true, false, 0, 0 FROM due
    UNION ALL SELECT 'platform:commission', 'platform', 'commission', false, false, 0, 0
    ON CONFLICT (name) DO NOTHING
    """
)
_ORDER = text(
    "SELECT 1 FROM account WHERE keeps_balance AND name IN (SELECT 'reserve:' || id FROM due"
    " UNION ALL SELECT 'available:' || author_id FROM due) ORDER BY id FOR UPDATE"
)
_RELEASE = text(
    """
    WITH moved AS (
        UPDATE purchase p SET state = 'released', settled_at = :now FROM due WHERE p.id = due.id
    ), told AS (
        INSERT INTO outbox_event (name, payload)
        SELECT 'purchase.released', jsonb_build_object('purchase_id', id) FROM due
    ), begun AS (
        INSERT INTO transition (subject, subject_id, course_id, at, from_state, to_state, reason)
        SELECT 'purchase', id::text, course_id, :now, 'reserved', 'released', '' FROM due
    ), posted AS (
        INSERT INTO ledger_transaction (key, request_hash, kind, at, purchase_id)
        SELECT 'release:' || id, '', 'release', :now, id FROM due RETURNING id, purchase_id
    ), line AS (
        SELECT t.id AS transaction_id, part.name, part.amount FROM posted t JOIN due d ON d.id = t.purchase_id
        CROSS JOIN LATERAL (VALUES ('reserve:' || d.id, -d.price_minor),
            ('available:' || d.author_id, d.price_minor - d.commission_minor),
            ('platform:commission', d.commission_minor)) AS part(name, amount)
    ), placed AS (
        SELECT line.*, a.id AS account_id, a.keeps_balance, a.balance, a.last_seq,
            sum(line.amount) OVER w AS so_far, row_number() OVER w AS place
        FROM line JOIN account a ON a.name = line.name WINDOW w AS (PARTITION BY a.id ORDER BY line.transaction_id)
    ), kept AS (
        UPDATE account a SET balance = a.balance + s.amount, last_seq = a.last_seq + s.entries
        FROM (SELECT account_id, sum(amount) AS amount, count(*) AS entries FROM placed
            WHERE keeps_balance GROUP BY 1) s
        WHERE a.id = s.account_id
    )
    INSERT INTO ledger_entry (transaction_id, account_id, amount, balance_after, seq)
    SELECT transaction_id, account_id, amount, CASE WHEN keeps_balance THEN balance + so_far END,
        CASE WHEN keeps_balance THEN last_seq + place END FROM placed
    """
)


def measure() -> Measure:
    """CPU of our releases as a multiple of plain SQL's, medians of alternating rounds."""
    shop.seed()
    _sell()
    plain: list[float] = []
    ours: list[float] = []
    for _round in range(ROUNDS):
        for figures, deed in ((plain, _plain), (ours, _ours)):
            _make_due()
            figures.append(spent_on(deed))
    times = statistics.median(ours) / statistics.median(plain)
    return Measure(
        name="release",
        value=round(times, 2),
        unit="times the CPU of plain set-based SQL",
        goal=f"<= {GOAL_TIMES:g} times",
        ok=times <= GOAL_TIMES,
        compared_with=(
            f"{PER_ROUND} releases in batches of {BATCH}: plain {statistics.median(plain):.2f} s of CPU, ours "
            f"{statistics.median(ours):.2f} s, medians of {ROUNDS} alternations"
        ),
    )


@operation
def _sell() -> None:
    values = {"student": shop.STUDENT_NAME, "price": shop.PRICE_MINOR, "now": clock.now()}
    many = 2 * ROUNDS * PER_ROUND
    sold = db.session.execute(_PURCHASES, values | {"students": many // 100, "per_student": 100}).all()
    for first in range(0, many, 1000):
        ledger.post_many(
            TransactionKind.PURCHASE,
            [
                ledger.PurchaseLines(
                    key=f"purchase:{purchase_id}",
                    purchase_id=purchase_id,
                    lines={
                        ledger.available(student_id): -shop.PRICE_MINOR,
                        ledger.reserve(purchase_id): shop.PRICE_MINOR,
                    },
                )
                for purchase_id, student_id in sold[first : first + 1000]
            ],
            actor=SYSTEM,
        )


@operation
def _make_due() -> None:
    db.session.execute(_MAKE_DUE, {"now": clock.now(), "many": PER_ROUND})


def _ours() -> None:
    while purchases.release_due(actor=SYSTEM, limit=BATCH):
        pass


def _plain() -> None:
    for _batch in range(PER_ROUND // BATCH):
        with db.engine.begin() as connection:
            now = {"now": clock.now()}
            connection.execute(_LOCK, now | {"many": BATCH})
            connection.execute(_ACCOUNTS)
            connection.execute(_ORDER)
            connection.execute(_RELEASE, now)
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
