"""The history: filters in the address, the story of each line, and the export (M-6, M-9)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, to_utc
from werkzeug.wrappers import Response

from backoffice.models.exports import ExportKind, ExportState
from backoffice.operations import exports
from backoffice.public.account.blueprint import bp
from backoffice.public.account.forms import KeyedForm
from backoffice.public.incoming import whole_number
from backoffice.public.media.delivery import deliver
from backoffice.public.sessions import viewer
from backoffice.queries import exports as export_queries
from backoffice.queries import history as queries
from backoffice.queries import history_lines, money, purchases
from backoffice.queries.exports import ExportView
from backoffice.queries.history import Filters

# Besides the kinds of entries: sales, which are no entries of the balance before their release.
SALES = "sales"
# A link to the file is followed at once.
EXPORT_LINK_S = 60


@bp.get("/history")
def history() -> str:
    """Entries of the balance, or an author's sales; whatever is filtered stands in the address."""
    filters, before = _filters(), request.args.get("before", type=whole_number)
    person_id = viewer().actor.person_id
    shown: dict[str, Any] = {"entries": [], "sales": []}
    if filters.kind == SALES:
        shown["sales"], more = purchases.sales_of(
            person_id,
            states=purchases.states_of(filters.status),
            since=filters.since,
            until=filters.until,
            before=before,
        )
        last = shown["sales"][-1].id if more else None
    else:
        shown["entries"], more = queries.statement(person_id, filters, before=before)
        last = shown["entries"][-1].seq if more else None
        # Sales that have not arrived, or never did, are no entries of the balance; who asks for them finds them here.
        if filters.status in ("pending", "cancelled") and not filters.kind and viewer().is_author and before is None:
            shown["sales"], _more = purchases.sales_of(
                person_id, states=purchases.states_of(filters.status), since=filters.since, until=filters.until
            )
    chosen: dict[str, Any] = {
        name: request.args[name] for name in ("kind", "status", "since", "until") if request.args.get(name)
    }
    return render_template(
        "account/history.html",
        balance=money.balance(person_id),
        debts=queries.debts(person_id) if before is None else [],
        filters=filters,
        chosen=chosen,
        export_form=KeyedForm(formdata=None),
        older=url_for("account.history", **chosen, before=last) if last is not None else "",
        newest=url_for("account.history", **chosen) if before is not None else "",
        **shown,
    )


@bp.get("/history/<int:seq>")
def history_line(seq: int) -> str:
    """One line: paid, reserved until, commission, available; each step with its ledger transaction."""
    line = history_lines.line(viewer().actor.person_id, seq)
    if line is None:
        abort(404)
    return render_template("account/history_line.html", line=line)


@bp.get("/history/debt/<int:seq>")
def debt_line(seq: int) -> str:
    """One line of a debt, with the same story (M-5)."""
    line = history_lines.line(viewer().actor.person_id, seq, of_debt=True)
    if line is None:
        abort(404)
    return render_template("account/history_line.html", line=line)


@bp.post("/history/export")
def start_export() -> Response:
    """Have the filtered history written as a file; a double click or a reload is the same export."""
    form = KeyedForm()
    if not form.validate_on_submit():
        abort(400)
    filters = _filters()
    export = exports.ask(
        actor=viewer().actor,
        request_key=str(form.request_key.data),
        filters=filters.to_json(),
        locale=str(get_locale()),
        time_zone=viewer().time_zone,
    )
    return redirect(url_for("account.export", export_id=export.id))


@bp.get("/exports/<int:export_id>")
def export(export_id: int) -> Response:
    """How the export goes; asked for by the page itself until it is done."""
    found = export_queries.own(viewer().actor.person_id, export_id)
    if found is None:
        abort(404)
    fragment = bool(request.headers.get("HX-Request"))
    return make_response(render_template("account/_export.html" if fragment else "account/export.html", export=found))


@bp.get("/exports/<int:export_id>/file")
def export_file(export_id: int) -> Response:
    """The file, for its owner alone."""
    found = export_queries.own(viewer().actor.person_id, export_id)
    if found is None or found.state is not ExportState.DONE or found.file_key is None:
        abort(404)
    answer = deliver(
        found.file_key,
        seconds=EXPORT_LINK_S,
        filename=_file_name(found),
        mimetype="application/zip" if found.kind is ExportKind.COURSE else "text/csv; charset=utf-8",
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _file_name(export: ExportView) -> str:
    if export.kind is ExportKind.COURSE:
        return f"{export.slug}-{export.number}.zip"
    asked = export.asked_at.astimezone(ZoneInfo(export.time_zone))
    return f"lectern-{asked:%Y-%m-%d}-{export.id}.csv"


def _filters() -> Filters:
    """The filters of the address; what makes no sense is as if it were not there."""
    args = request.args
    kind, status = args.get("kind", ""), args.get("status", "")
    known = kind in queries.KINDS or (kind == SALES and viewer().is_author)
    last = _day(args.get("until", ""))
    return Filters(
        kind=kind if known else "",
        status=status if status in queries.STATUSES else "",
        since=_midnight(_day(args.get("since", ""))),
        until=_midnight(last + timedelta(days=1)) if last is not None else None,
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 9000 else None


def _midnight(day: date | None) -> datetime | None:
    """The beginning of a day of the reader's zone, in UTC."""
    return None if day is None else to_utc(datetime.combine(day, time())).replace(tzinfo=UTC)
