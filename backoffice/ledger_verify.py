"""The proof of the whole book (M-10): named checks, each one SQL statement that finds the rows which break it.

All checks see one snapshot. `flask ledger verify` prints the report; nothing here writes.
"""

# ruff: noqa: S608 (the statements are put together from constants of this file)

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from backoffice.db import db

OFFENDERS_SHOWN = 20


def _n(message: str) -> str:
    """Marks a text for the catalogue; the shell and the log have it in English, the page translates it."""
    return message


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence that must hold, the kind of row it speaks of, and the statement that selects the rows breaking it."""

    name: str
    subject: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: how many rows it looked at, and the first ones that break it."""

    check: Check
    looked_at: int
    offenders: list[dict[str, Any]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """Findings of all checks over one snapshot of the book."""

    findings: list[Finding]
    counts: dict[str, int]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return not any(finding.offenders for finding in self.findings)


_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM ledger_transaction) AS transactions, (SELECT count(*) FROM ledger_entry) AS entries,
        (SELECT count(*) FROM account) AS accounts, (SELECT count(*) FROM ledger_checkpoint) AS checkpoints,
        (SELECT count(*) FROM purchase) AS purchases, (SELECT count(*) FROM top_up) AS "top-ups",
        (SELECT count(*) FROM withdrawal) AS withdrawals, (SELECT count(*) FROM correction) AS corrections
    """
)

# A row of the domain against the amount that its transactions of one kind moved into or out of one account.
_MOVED = """
    SELECT count(DISTINCT t.id) AS times, coalesce(sum(e.amount), 0) AS amount FROM ledger_transaction t
    LEFT JOIN ledger_entry e
        ON e.transaction_id = t.id AND e.account_id IN (SELECT id FROM account WHERE name IN ({account}))
    WHERE t.{column} = {row}.id AND t.kind = '{kind}'
"""


_DUE = "'available:' || {user}, 'debt:' || {user}"


def _moved(row: str, column: str, kind: str, account: str) -> str:
    return _MOVED.format(row=row, column=column, kind=kind, account=account)


CHECKS = (
    Check(
        _n("the whole book sums to zero"),
        _n("entries"),
        "SELECT sum(amount) AS sum FROM ledger_entry HAVING sum(amount) <> 0",
    ),
    Check(
        _n("every transaction has entries and sums to zero"),
        _n("transactions"),
        """
        SELECT t.id, t.key, count(e.id) AS entries, coalesce(sum(e.amount), 0) AS sum
        FROM ledger_transaction t LEFT JOIN ledger_entry e ON e.transaction_id = t.id
        GROUP BY t.id HAVING count(e.id) < 2 OR sum(e.amount) <> 0
        """,
    ),
    Check(
        _n("every entry stands on an account that exists"),
        _n("entries"),
        "SELECT e.id, e.account_id FROM ledger_entry e LEFT JOIN account a ON a.id = e.account_id WHERE a.id IS NULL",
    ),
    Check(
        _n("kept balances equal the sums of their entries"),
        _n("accounts"),
        """
        SELECT a.name, a.balance, coalesce(sum(e.amount), 0) AS entries
        FROM account a LEFT JOIN ledger_entry e ON e.account_id = a.id
        WHERE a.keeps_balance GROUP BY a.id HAVING a.balance <> coalesce(sum(e.amount), 0)
        """,
    ),
    Check(
        _n("no account is below zero that must not be"),
        _n("accounts"),
        """
        SELECT a.name, coalesce(sum(e.amount), 0) AS balance
        FROM account a LEFT JOIN ledger_entry e ON e.account_id = a.id
        WHERE NOT a.may_be_negative GROUP BY a.id HAVING coalesce(sum(e.amount), 0) < 0
        """,
    ),
    Check(
        _n("no debt is above zero"),
        _n("accounts"),
        "SELECT name, balance FROM account WHERE kind = 'debt' AND balance > 0",
    ),
    Check(
        _n("statements are numbered without gaps and each balance follows from the one before"),
        _n("entries"),
        """
        SELECT a.name, s.seq, s.balance_after, s.expected, s.place, a.last_seq FROM account a JOIN (
            SELECT account_id, seq, balance_after, row_number() OVER w AS place, sum(amount) OVER w AS expected,
                count(*) OVER (PARTITION BY account_id) AS entries
            FROM ledger_entry WINDOW w AS (PARTITION BY account_id ORDER BY seq)
        ) s ON s.account_id = a.id AND a.keeps_balance
        WHERE s.seq IS DISTINCT FROM s.place OR s.balance_after IS DISTINCT FROM s.expected OR s.entries <> a.last_seq
        """,
    ),
    Check(
        _n("checkpoints of hot accounts equal the entries before them"),
        _n("checkpoints"),
        """
        SELECT a.name, c.before_xid, c.balance, coalesce(sum(e.amount), 0) AS entries FROM ledger_checkpoint c
        JOIN account a ON a.id = c.account_id
        LEFT JOIN ledger_entry e ON e.account_id = c.account_id AND e.xid < c.before_xid
        GROUP BY a.name, c.id HAVING c.balance <> coalesce(sum(e.amount), 0)
        """,
    ),
    Check(
        _n("keys are unique and name their event and its row"),
        _n("transactions"),
        """
        SELECT min(id) AS id, key, count(*) AS times FROM ledger_transaction GROUP BY key
        HAVING count(*) > 1 OR key IS DISTINCT FROM
            min(replace(kind, '_', '-') || ':' || coalesce(purchase_id, withdrawal_id, top_up_id, correction_id))
        """,
    ),
    Check(
        _n("a purchase's reserve is its price while open and zero after"),
        _n("purchases"),
        f"""
        SELECT p.id, p.state, p.price_minor, paid.times, paid.amount, coalesce(a.balance, 0) AS reserve FROM purchase p
        LEFT JOIN account a ON a.name = 'reserve:' || p.id
        CROSS JOIN LATERAL ({_moved("p", "purchase_id", "purchase", "'reserve:' || p.id")}) paid
        WHERE paid.amount <> p.price_minor OR paid.times <> CASE WHEN p.price_minor > 0 THEN 1 ELSE 0 END
        OR coalesce(a.balance, 0) <> CASE p.state WHEN 'reserved' THEN p.price_minor ELSE 0 END
        """,
    ),
    Check(
        _n("a refunded purchase gave the student the whole price, once, and no other one did"),
        _n("purchases"),
        f"""
        SELECT p.id, p.state, p.price_minor, back.times, back.amount FROM purchase p
        CROSS JOIN LATERAL ({_moved("p", "purchase_id", "refund", _DUE.format(user="p.student_id"))}) back
        WHERE back.times <> CASE WHEN p.state = 'refunded' AND p.price_minor > 0 THEN 1 ELSE 0 END
        OR back.amount <> CASE p.state WHEN 'refunded' THEN p.price_minor ELSE 0 END
        """,
    ),
    Check(
        _n("a released purchase is the author's part and the commission, once, and no other one is"),
        _n("purchases"),
        f"""
        SELECT p.id, p.state, p.price_minor, p.commission_minor, author.times, author.amount, house.amount AS commission
        FROM purchase p
        CROSS JOIN LATERAL ({_moved("p", "purchase_id", "release", _DUE.format(user="p.author_id"))}) author
        CROSS JOIN LATERAL ({_moved("p", "purchase_id", "release", "'platform:commission'")}) house
        WHERE author.times <> CASE WHEN p.state IN ('released', 'clawed_back') AND p.price_minor > 0 THEN 1 ELSE 0 END
        OR author.amount <> CASE WHEN p.state IN ('released', 'clawed_back')
            THEN p.price_minor - p.commission_minor ELSE 0 END
        OR house.amount <> CASE WHEN p.state IN ('released', 'clawed_back') THEN p.commission_minor ELSE 0 END
        """,
    ),
    Check(
        _n("a clawback took the author's part and the commission and gave the student the whole price, once"),
        _n("purchases"),
        f"""
        SELECT p.id, p.state, p.price_minor, back.times, back.amount, author.amount AS author, house.amount AS house
        FROM purchase p
        CROSS JOIN LATERAL ({_moved("p", "purchase_id", "clawback", _DUE.format(user="p.student_id"))}) back
        CROSS JOIN LATERAL ({_moved("p", "purchase_id", "clawback", _DUE.format(user="p.author_id"))}) author
        CROSS JOIN LATERAL ({_moved("p", "purchase_id", "clawback", "'platform:commission'")}) house
        WHERE back.times <> CASE WHEN p.state = 'clawed_back' AND p.price_minor > 0 THEN 1 ELSE 0 END
        OR back.amount <> CASE p.state WHEN 'clawed_back' THEN p.price_minor ELSE 0 END
        OR author.amount <> CASE p.state WHEN 'clawed_back' THEN p.commission_minor - p.price_minor ELSE 0 END
        OR house.amount <> CASE p.state WHEN 'clawed_back' THEN -p.commission_minor ELSE 0 END
        """,
    ),
    Check(
        _n("a settled top-up arrived once with its amount, and no other one did"),
        _n("top-ups"),
        f"""
        SELECT u.id, u.state, u.amount_minor, came.times, came.amount FROM top_up u
        CROSS JOIN LATERAL ({_moved("u", "top_up_id", "top_up", _DUE.format(user="u.user_id"))}) came
        WHERE came.times <> CASE WHEN u.state IN ('settled', 'charged_back') THEN 1 ELSE 0 END
        OR came.amount <> CASE WHEN u.state IN ('settled', 'charged_back') THEN u.amount_minor ELSE 0 END
        """,
    ),
    Check(
        _n("a top-up that was charged back was taken once with its amount, and no other one was"),
        _n("top-ups"),
        f"""
        SELECT u.id, u.state, u.amount_minor, taken.times, taken.amount FROM top_up u
        CROSS JOIN LATERAL ({_moved("u", "top_up_id", "chargeback", _DUE.format(user="u.user_id"))}) taken
        WHERE taken.times <> CASE u.state WHEN 'charged_back' THEN 1 ELSE 0 END
        OR taken.amount <> CASE u.state WHEN 'charged_back' THEN -u.amount_minor ELSE 0 END
        """,
    ),
    Check(
        _n("a withdrawal left the balance once, is held while open, and was paid or returned once"),
        _n("withdrawals"),
        f"""
        SELECT w.id, w.state, w.amount_minor, taken.amount AS taken, coalesce(a.balance, 0) AS held, paid.times AS paid,
            back.times AS returned
        FROM withdrawal w LEFT JOIN account a ON a.name = 'withdrawing:' || w.id
        CROSS JOIN LATERAL ({_moved("w", "withdrawal_id", "withdrawal", "'available:' || w.user_id")}) taken
        CROSS JOIN LATERAL ({_moved("w", "withdrawal_id", "withdrawal_paid", "'provider:' || w.provider")}) paid
        CROSS JOIN LATERAL ({_moved("w", "withdrawal_id", "withdrawal_returned", _DUE.format(user="w.user_id"))}) back
        WHERE taken.times <> 1 OR taken.amount <> -w.amount_minor
        OR coalesce(a.balance, 0) <> CASE WHEN w.state IN ('asked', 'approved') THEN w.amount_minor ELSE 0 END
        OR paid.times <> CASE WHEN w.state IN ('paid', 'bounced') THEN 1 ELSE 0 END
        OR paid.amount <> paid.times * w.amount_minor
        OR back.times <> CASE WHEN w.state IN ('declined', 'cancelled', 'failed') THEN 1 ELSE 0 END
        OR back.amount <> back.times * w.amount_minor
        """,
    ),
    Check(
        _n("a payout that bounced came back once with its amount, and no other one did"),
        _n("withdrawals"),
        f"""
        SELECT w.id, w.state, w.amount_minor, back.times, back.amount FROM withdrawal w
        CROSS JOIN LATERAL ({_moved("w", "withdrawal_id", "payout_bounced", _DUE.format(user="w.user_id"))}) back
        WHERE back.times <> CASE w.state WHEN 'bounced' THEN 1 ELSE 0 END
        OR back.amount <> back.times * w.amount_minor
        """,
    ),
    Check(
        _n("a posted correction has its transaction with its amount, and no other one has"),
        _n("corrections"),
        """
        SELECT c.id, c.state, c.amount_minor, count(DISTINCT t.id) AS times, sum(e.amount) AS amount
        FROM correction c LEFT JOIN ledger_transaction t ON t.correction_id = c.id AND t.kind = 'correction'
        LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.amount > 0
        GROUP BY c.id HAVING count(DISTINCT t.id) <> CASE c.state WHEN 'posted' THEN 1 ELSE 0 END
        OR coalesce(sum(e.amount), 0) <> CASE c.state WHEN 'posted' THEN c.amount_minor ELSE 0 END
        """,
    ),
)


def verify(connection: Connection) -> Report:
    """Run every check on this connection, which should be inside one repeatable-read transaction."""
    begun = time.perf_counter()
    counts = dict(connection.execute(_COUNTS).mappings().one())
    findings = []
    for check in CHECKS:
        check_begun = time.perf_counter()
        rows = connection.execute(text(f"SELECT * FROM ({check.sql}) AS broken LIMIT {OFFENDERS_SHOWN}"))
        offenders = [dict(row) for row in rows.mappings()]
        findings.append(Finding(check, counts[check.subject], offenders, time.perf_counter() - check_begun))
    return Report(findings=findings, counts=counts, seconds=time.perf_counter() - begun)


def verify_book() -> Report:
    """The proof over the book as it is committed now, in one repeatable-read, read-only snapshot of its own."""
    with db.engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        return verify(connection)
