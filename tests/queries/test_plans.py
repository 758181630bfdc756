"""Pages of money read what they show and no more: plans of PostgreSQL on a long book (M-9, B-4)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from backoffice import clock
from backoffice.bench.ledger_pages import write_book
from backoffice.db import db
from backoffice.queries import history, history_lines, ledger_browser
from backoffice.queries.history import Filters
from backoffice.queries.ledger_browser import Search

USER = 900_000_001
POSTINGS = 8_000
LONG_TABLES = ("ledger_entry", "ledger_transaction")

PAGES: dict[str, Callable[[], object]] = {
    "history": lambda: history.statement(USER),
    "history, an old page": lambda: history.statement(USER, before=POSTINGS // 2),
    "history of a day": lambda: history.statement(USER, Filters(kind="top_ups", since=clock.now())),
    "a line": lambda: history_lines.line(USER, POSTINGS // 2),
    "ledger": lambda: ledger_browser.transactions(Search()),
    "ledger, an old page": lambda: ledger_browser.transactions(Search(), before=POSTINGS // 2),
    "ledger by key": lambda: ledger_browser.transactions(Search(key=f"bench-{USER}-7")),
    "ledger by purchase": lambda: ledger_browser.transactions(Search(purchase=7)),
    "account": lambda: ledger_browser.account(f"available:{USER}"),
    "account, an old page": lambda: ledger_browser.account(f"available:{USER}", before=POSTINGS // 2),
}


@pytest.fixture
def long_book(app: Flask) -> None:
    """One person with many entries."""
    write_book(user_id=USER, many=POSTINGS)
    db.session.execute(text("ANALYZE ledger_entry, ledger_transaction, account"))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plan's node and all below it."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def plans_of(page: Callable[[], object]) -> list[dict[str, Any]]:
    """Plans of the statements that a page sends, with what each of their nodes really read."""
    sent: list[tuple[str, Any]] = []
    connection = db.session.connection()

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        page()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    found = []
    for statement, parameters in sent:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        answer = cursor.fetchone()[0]
        found.append((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"])
    return found


def faults(plan: dict[str, Any]) -> list[str]:
    """Nodes that read a long table from end to end, or hand on more rows than a page could need."""
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')}: {node['Actual Rows']} rows, {node['Actual Loops']} times"
        for node in nodes(plan)
        if (node["Node Type"] == "Seq Scan" and node.get("Relation Name") in LONG_TABLES and node["Actual Loops"])
        or node["Actual Rows"] * node["Actual Loops"] > 500
    ]


@pytest.mark.usefixtures("long_book")
def test_m9_b4_pages_of_money_take_their_rows_by_index() -> None:
    found = {name: [faults(plan) for plan in plans_of(page)] for name, page in PAGES.items()}
    assert all(found.values()), "each page was explained"
    assert {name: plans for name, plans in found.items() if any(plans)} == {}


@pytest.mark.usefixtures("long_book")
def test_a_scan_of_the_book_is_found() -> None:
    assert faults(plans_of(lambda: db.session.execute(text("SELECT * FROM ledger_entry WHERE amount = 100")))[0])
