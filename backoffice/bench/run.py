"""How benchmarks are run."""

from importlib import import_module

from backoffice.bench.report import Measure, report


def run(name: str) -> bool:
    """Run the benchmark of this name; False when its goal is missed."""
    measure: Measure = import_module(f"backoffice.bench.{name}").measure()
    report(measure)
    return measure.ok
