"""Pages of money over a long book against the same pages over a short one (M-9, B-4)."""

from collections.abc import Callable

from sqlalchemy import text

from backoffice import clock
from backoffice.bench.cpu import spent_on
from backoffice.bench.report import Measure
from backoffice.db import db, operation
from backoffice.queries import history, ledger_browser
from backoffice.queries.ledger_browser import Search

SHORT, LONG = 500, 500_000
CALLS = 300
GOAL_TIMES = 1.2
SHORT_USER, LONG_USER = 900_000_001, 900_000_002

# Two entries each. Nobody would post so; the triggers hold all the same.
_BOOK = text(
    """
    WITH a AS (
        INSERT INTO account (name, kind, ref, keeps_balance, may_be_negative, balance, last_seq)
        VALUES ('available:' || :user, 'available', :user, true, false, 100 * :many, :many) RETURNING id
    ), p AS (
        INSERT INTO account (name, kind, ref, keeps_balance, may_be_negative, balance, last_seq)
        VALUES ('provider:bench', 'provider', 'bench', false, true, 0, 0)
        ON CONFLICT (name) DO UPDATE SET kind = excluded.kind RETURNING id
    ), t AS (
        INSERT INTO ledger_transaction (key, request_hash, kind, at)
        SELECT 'bench-' || :user || '-' || n, '', 'top_up', :now FROM generate_series(1, :many) n RETURNING id
    ), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM t)
    INSERT INTO ledger_entry (transaction_id, account_id, amount, balance_after, seq)
    SELECT numbered.id, part.account_id, part.amount, part.after, part.seq FROM numbered CROSS JOIN a CROSS JOIN p
    CROSS JOIN LATERAL (VALUES (a.id, 100, 100 * n, n), (p.id, -100, NULL, NULL))
        AS part(account_id, amount, after, seq)
    ORDER BY numbered.id
    """
)


def measure() -> Measure:
    """CPU of the history and of the ledger's pages on a million entries, as a multiple of the same on a thousand."""
    write_book(user_id=SHORT_USER, many=SHORT)
    short = spent_on(lambda: _look(SHORT_USER))
    write_book(user_id=LONG_USER, many=LONG)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE ledger_entry, ledger_transaction, account"))
    short = min(short, spent_on(lambda: _look(SHORT_USER)))
    long = min(spent_on(lambda: _look(LONG_USER)) for _time in range(2))
    return Measure(
        name="ledger_pages",
        value=round(long / short, 2),
        unit="times the CPU of the same pages on 1,000 entries",
        goal=f"<= {GOAL_TIMES:g} times",
        ok=long / short <= GOAL_TIMES,
        compared_with=f"{CALLS} calls each of history, account and transactions: {short:.2f} s and {long:.2f} s of CPU",
    )


@operation
def write_book(*, user_id: int, many: int) -> None:
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    db.session.execute(_BOOK, {"user": str(user_id), "many": many, "now": clock.now()})


def _look(user_id: int) -> None:
    calls: tuple[Callable[[], object], ...] = (
        lambda: history.statement(user_id),
        lambda: history.statement(user_id, before=SHORT // 2),
        lambda: ledger_browser.transactions(Search()),
        lambda: ledger_browser.account(f"available:{user_id}"),
    )
    for _time in range(CALLS // len(calls)):
        for call in calls:
            call()
        db.session.remove()
