"""Posting to the ledger (M-10): the only writer of its tables. Accounts and postings: the tables of ARCHITECTURE.md."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg.errors
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.types import BigInteger, Integer, LargeBinary, Text

from backoffice import clock
from backoffice.access import Actor
from backoffice.db import db
from backoffice.errors import Refused
from backoffice.models.ledger import TransactionKind

COMMISSION = "platform:commission"
GOODWILL = "platform:goodwill"


class KeyReused(Exception):
    """The same key came with another content: a bug of the caller, never swallowed."""


@dataclass(frozen=True, slots=True)
class Posting:
    """Result of a posting; `replayed` when the key had been posted before with the same content."""

    transaction_id: int
    replayed: bool


def available(user_id: int) -> str:
    """The account of what a user can spend or withdraw."""
    return f"available:{user_id}"


def debt(user_id: int) -> str:
    """The account, never above zero, of what a user owes the house: a clawback or a chargeback that went too deep."""
    return f"debt:{user_id}"


def due(user_id: int) -> str:
    """For a line of a posting only: *available* and *debt* of a user together.

    What comes pays the debt first; what is taken leaves *available* as far as it goes, and the rest becomes debt.
    """
    return f"due:{user_id}"


def reserve(purchase_id: int) -> str:
    """The account of one purchase's money until it is released or refunded."""
    return f"reserve:{purchase_id}"


def withdrawing(withdrawal_id: int) -> str:
    """The account of one withdrawal's money until it is paid or returned."""
    return f"withdrawing:{withdrawal_id}"


def provider(name: str) -> str:
    """The mirror of the money that a payment or payout provider holds for the house."""
    return f"provider:{name}"


_POST = text(
    "SELECT transaction_id, replayed FROM ledger_post(:key, :hash, :kind, :at, :actor, :purchase, :withdrawal, :top_up,"
    " :correction, :accounts, :amounts)"
).bindparams(bindparam("accounts", type_=ARRAY(Text)), bindparam("amounts", type_=ARRAY(BigInteger)))


def post(
    kind: TransactionKind,
    *,
    key: str,
    lines: Mapping[str, int],
    actor: Actor,
    purchase_id: int | None = None,
    withdrawal_id: int | None = None,
    top_up_id: int | None = None,
    correction_id: int | None = None,
) -> Posting:
    """Post one balanced transaction in one round trip; parts of zero make no entry.

    `lines` maps account names to signed minor units. The same key with the same content returns the first result.
    Raises Refused `money.not_enough` when a user's account would go below zero, KeyReused for a key with other content.
    """
    parts = _parts(lines)
    arguments = {
        "key": key,
        "hash": _request_hash(kind, parts),
        "kind": kind.value,
        "at": clock.now(),
        "actor": actor.user_id,
        "purchase": purchase_id,
        "withdrawal": withdrawal_id,
        "top_up": top_up_id,
        "correction": correction_id,
        "accounts": list(parts),
        "amounts": list(parts.values()),
    }
    db.session.flush()
    try:
        row = db.session.execute(_POST, arguments).one()
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.CheckViolation):
            raise Refused("money.not_enough", _l("There is not enough money on the balance.")) from error
        raise
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "LK001":
            raise KeyReused(key) from error
        raise
    return Posting(transaction_id=row.transaction_id, replayed=row.replayed)


_POST_MANY = text(
    "SELECT ledger_post_many(:kind, :at, :actor, :keys, :hashes, :purchases, :numbers, :accounts, :amounts)"
).bindparams(
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("hashes", type_=ARRAY(LargeBinary)),
    bindparam("purchases", type_=ARRAY(BigInteger)),
    bindparam("numbers", type_=ARRAY(Integer)),
    bindparam("accounts", type_=ARRAY(Text)),
    bindparam("amounts", type_=ARRAY(BigInteger)),
)


@dataclass(frozen=True, slots=True)
class PurchaseLines:
    """One of many postings about purchases: its key, the purchase, and the lines as `post` takes them."""

    key: str
    purchase_id: int
    lines: Mapping[str, int]


def post_many(kind: TransactionKind, postings: Sequence[PurchaseLines], *, actor: Actor) -> int:
    """Post many balanced transactions in one round trip, with the guarantees of `post`; returns how many were new.

    A `due` line may only bring money. The caller holds the locks of the purchases.
    """
    if not postings:
        return 0
    parts = [_parts(posting.lines) for posting in postings]
    lines = [(number, *line) for number, part in enumerate(parts, start=1) for line in part.items()]
    arguments = {
        "kind": kind.value,
        "at": clock.now(),
        "actor": actor.user_id,
        "keys": [posting.key for posting in postings],
        "hashes": [_request_hash(kind, part) for part in parts],
        "purchases": [posting.purchase_id for posting in postings],
        "numbers": [number for number, _account, _amount in lines],
        "accounts": [account for _number, account, _amount in lines],
        "amounts": [amount for _number, _account, amount in lines],
    }
    db.session.flush()
    return int(db.session.execute(_POST_MANY, arguments).scalar_one())


def _parts(lines: Mapping[str, int]) -> dict[str, int]:
    parts = {account: amount for account, amount in sorted(lines.items()) if amount}
    if sum(parts.values()) != 0 or not parts:
        raise ValueError(f"an unbalanced posting: {parts}")
    return parts


def _request_hash(kind: TransactionKind, parts: Mapping[str, int]) -> bytes:
    content = "\n".join([kind.value, *(f"{account}\t{amount}" for account, amount in parts.items())])
    return hashlib.sha256(content.encode()).digest()


_BALANCE = text(
    """
    SELECT CASE WHEN a.keeps_balance THEN a.balance ELSE coalesce(c.balance, 0) + (
        SELECT coalesce(sum(e.amount), 0) FROM ledger_entry e
        WHERE e.account_id = a.id AND e.xid >= coalesce(c.before_xid, 0)) END AS balance
    FROM account a
    LEFT JOIN LATERAL (SELECT balance, before_xid FROM ledger_checkpoint c WHERE c.account_id = a.id
        ORDER BY before_xid DESC LIMIT 1) c ON true
    WHERE a.name = :name
    """
)


def balance(account: str) -> int:
    """Minor units on an account now, zero when it was never used; hot accounts by checkpoint and newer entries."""
    return int(db.session.execute(_BALANCE, {"name": account}).scalar() or 0)


_CHECKPOINT = text(
    """
    WITH border AS (SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint AS xid)
    INSERT INTO ledger_checkpoint (account_id, before_xid, balance, made_at)
    SELECT a.id, border.xid, coalesce(c.balance, 0) + sum(e.amount), :at
    FROM account a CROSS JOIN border
    LEFT JOIN LATERAL (SELECT balance, before_xid FROM ledger_checkpoint c WHERE c.account_id = a.id
        ORDER BY before_xid DESC LIMIT 1) c ON true
    JOIN ledger_entry e ON e.account_id = a.id AND e.xid >= coalesce(c.before_xid, 0) AND e.xid < border.xid
    WHERE NOT a.keeps_balance
    GROUP BY a.id, border.xid, c.balance
    ON CONFLICT DO NOTHING
    """
)


def checkpoint() -> int:
    """Fold the settled entries of hot accounts into checkpoints; returns how many accounts had any.

    The border is the oldest running transaction, so that an entry that commits late is never left out.
    """
    return max(0, db.session.execute(_CHECKPOINT, {"at": clock.now()}).rowcount)  # type: ignore[attr-defined]
