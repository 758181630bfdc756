"""How benchmarks are run."""

from importlib import import_module

from backoffice.bench.report import Measure, report


def run(name: str) -> bool:
    """Run the benchmark of this name, which gives one measure or several; False when a goal is missed."""
    found: Measure | tuple[Measure, ...] = import_module(f"backoffice.bench.{name}").measure()
    measures = found if isinstance(found, tuple) else (found,)
    for measure in measures:
        report(measure)
    return all(measure.ok for measure in measures)
