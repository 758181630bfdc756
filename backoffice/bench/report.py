"""What a benchmark says: one line of JSON, on the terminal and in VAR_DIR/bench.jsonl."""

import json
from dataclasses import asdict, dataclass

import click

from backoffice.config import settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure with its goal; `ok` tells whether the goal is met, `compared_with` what the figure is seen against."""

    name: str
    value: float
    unit: str
    goal: str
    ok: bool
    compared_with: str


def report(measure: Measure) -> None:
    """Print the measure and keep it."""
    line = json.dumps(asdict(measure))
    click.echo(line)
    folder = settings().var_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "bench.jsonl").open("a") as file:
        file.write(line + "\n")
