"""Writing a history as CSV: any length, page by page, into a file that appears when it is whole (M-9)."""

import csv
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _

from backoffice import words
from backoffice.access import SYSTEM
from backoffice.db import db
from backoffice.formats import plain_cell
from backoffice.integrations.storage.house import storage
from backoffice.money import Money
from backoffice.operations import exports
from backoffice.queries import exports as export_queries
from backoffice.queries import history, purchases
from backoffice.queries.exports import ExportView
from backoffice.queries.history import Filters, StatementRow
from backoffice.tasks.registry import actor

PAGE = 1000
# Without it spreadsheets take the file for one of an old code page, and spoil every name in Cyrillic.
ENCODING = "utf-8-sig"


@actor(long=True)
def write_export(*, export_id: int) -> None:
    """Write the file of an export; can run any number of times, a lost worker's half file is never seen (M-9, T-2)."""
    export = export_queries.by_id(export_id)
    if export is None:
        return
    filters = Filters.from_json(export.filters)
    if exports.start(actor=SYSTEM, export_id=export_id, total=_total(export, filters)) is None:
        return
    written = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        with path.open("w", encoding=ENCODING, newline="") as file, force_locale(export.locale):
            rows = csv.writer(file)
            rows.writerow(_head(filters))
            for page in _pages(export, filters):
                rows.writerows(page)
                written += len(page)
                exports.progress(actor=SYSTEM, export_id=export_id, done=written)
        key = f"export/{export_id}.csv"
        storage().put_file(key, path)
    exports.finish(actor=SYSTEM, export_id=export_id, file_key=key, done=written)


def _total(export: ExportView, filters: Filters) -> int:
    if filters.kind == "sales":
        return purchases.count_of(export.user_id, states=purchases.states_of(filters.status))
    return history.count(export.user_id, filters)


def _head(filters: Filters) -> list[str]:
    common = [_("Date"), _("Operation"), _("Status"), _("Course"), _("Counterpart")]
    if filters.kind == "sales":
        return [*common, _("Price"), _("After commission"), _("Currency"), _("Money arrives"), _("Given back on")]
    return [*common, _("Amount"), _("Balance after"), _("Debt"), _("Currency"), _("Ledger key")]


def _pages(export: ExportView, filters: Filters) -> Iterator[list[list[str]]]:
    zone = ZoneInfo(export.time_zone)
    make = _sales if filters.kind == "sales" else _entries
    before: int | None = None
    while True:
        page, before = make(export.user_id, filters, zone, before)
        # Each page is read in a transaction of its own; rows that come meanwhile are newer, and not asked for.
        db.session.rollback()
        if page:
            yield page
        if before is None:
            return


def _entries(user_id: int, filters: Filters, zone: ZoneInfo, before: int | None) -> tuple[list[list[str]], int | None]:
    found, more = history.statement(user_id, filters, before=before, limit=PAGE)
    rows = [_entry(row, zone) for row in found]
    if not more and filters.all_of_it:
        rows += [_entry(row, zone, on_balance=False) for row in history.debts_alone(user_id)]
    return rows, found[-1].seq if more else None


def _entry(row: StatementRow, zone: ZoneInfo, *, on_balance: bool = True) -> list[str]:
    return [
        f"{row.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        str(words.OPERATIONS[row.kind]),
        str(words.STATES[row.state]),
        plain_cell(row.course_title or ""),
        plain_cell(row.counterpart or ""),
        _number(row.amount) if on_balance else "",
        _number(row.balance_after) if on_balance else "",
        _number(row.debt) if row.debt.minor else "",
        row.amount.currency,
        row.key,
    ]


def _sales(user_id: int, filters: Filters, zone: ZoneInfo, before: int | None) -> tuple[list[list[str]], int | None]:
    found, more = purchases.sales_of(
        user_id,
        states=purchases.states_of(filters.status),
        since=filters.since,
        until=filters.until,
        before=before,
        limit=PAGE,
    )
    rows = [
        [
            f"{sale.sold_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            _("Sale"),
            str(words.STATES["clawed_back" if sale.taken_back else sale.state]),
            plain_cell(sale.course_title),
            plain_cell(sale.student),
            _number(sale.gross),
            # A sum over the column is what has come and will come.
            "0.00" if sale.state == "cancelled" else _number(sale.net),
            sale.gross.currency,
            _day(sale.arrives_at if sale.state == "pending" else sale.settled_at, zone)
            if sale.state != "cancelled"
            else "",
            _day(sale.settled_at, zone) if sale.state == "cancelled" else "",
        ]
        for sale in found
    ]
    return rows, found[-1].id if more else None


def _day(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}" if moment else ""


def _number(amount: Money) -> str:
    return str(amount.decimal())
