"""The one account that every sale pays into is no bottleneck: eight clients on it against eight on accounts apart."""

import statistics
import threading
import time
from collections.abc import Callable
from itertools import count

from flask import current_app

from backoffice import ledger
from backoffice.access import SYSTEM
from backoffice.bench import shop
from backoffice.bench.report import Measure
from backoffice.db import operation
from backoffice.models.ledger import TransactionKind

CLIENTS = 8
ROUNDS = 3
POSTINGS = 150
GOAL_PERCENT = 80
_numbers = count(1)


def measure() -> Measure:
    """Postings a second on one commission account, in percent of those on an account per client; medians."""
    shop.seed()
    shared: list[float] = []
    apart: list[float] = []
    for _round in range(ROUNDS):
        apart.append(_speed(lambda client: f"{ledger.COMMISSION}-{client}"))
        shared.append(_speed(lambda _client: ledger.COMMISSION))
    percent = 100 * statistics.median(shared) / statistics.median(apart)
    return Measure(
        name="commission",
        value=round(percent, 1),
        unit="% of the postings a second on separate accounts",
        goal=f">= {GOAL_PERCENT} %",
        ok=percent >= GOAL_PERCENT,
        compared_with=(
            f"{CLIENTS} clients, {POSTINGS} postings each: {statistics.median(shared):.0f} a second on one account, "
            f"{statistics.median(apart):.0f} on {CLIENTS}; medians of {ROUNDS} alternations"
        ),
    )


def _speed(account_of: Callable[[int], str]) -> float:
    """Postings a second of all clients together."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    gate = threading.Barrier(CLIENTS + 1)
    errors: list[BaseException] = []

    def work(client: int) -> None:
        with app.app_context():
            gate.wait()
            try:
                for _number in range(POSTINGS):
                    _release(client=client, commission=account_of(client))
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return CLIENTS * POSTINGS / (time.perf_counter() - begun)


@operation
def _release(*, client: int, commission: str) -> None:
    """What a release posts: the author's part and the commission. Each client is a provider of its own."""
    ledger.post(
        TransactionKind.TOP_UP,
        key=f"commission-bench:{next(_numbers)}",
        lines={ledger.provider(f"bench-{client}"): -100, ledger.available(10**9 + client): 80, commission: 20},
        actor=SYSTEM,
    )
