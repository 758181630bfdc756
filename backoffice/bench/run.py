"""Which benchmarks there are, and how they are run."""

from collections.abc import Callable, Sequence

from backoffice.bench import commission, event_latency, ledger_pages, purchase, release
from backoffice.bench.report import Measure, report

BENCHMARKS: dict[str, Callable[[], Measure]] = {
    "event_latency": event_latency.measure,
    "purchase": purchase.measure,
    "release": release.measure,
    "commission": commission.measure,
    "ledger_pages": ledger_pages.measure,
}


def run(names: Sequence[str]) -> bool:
    """Run these benchmarks, all of them when none is named; False when a goal is missed. KeyError: no such name."""
    measures = [BENCHMARKS[name]() for name in names or BENCHMARKS]
    for measure in measures:
        report(measure)
    return all(measure.ok for measure in measures)
