"""Commands: `flask NAME`."""

from dataclasses import MISSING, fields
from datetime import timedelta

import click
from flask import Flask
from flask.cli import AppGroup

from backoffice import clock
from backoffice.config import Settings, settings

clock_group = AppGroup("clock", help="Move the development clock.")


@clock_group.command("forward")
@click.option("--days", type=int, default=0)
@click.option("--hours", type=int, default=0)
def clock_forward(days: int, hours: int) -> None:
    """Move the clock of all processes forward, for example --days 8."""
    if not settings().development:
        raise click.ClickException("the clock can only be moved in development")
    clock.move(timedelta(days=days, hours=hours))
    click.echo(f"it is now {clock.now():%Y-%m-%d %H:%M} UTC for Lectern")


def settings_table() -> str:
    """Every setting as a Markdown table: the one of the README."""
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for spec in fields(Settings):
        default = "required" if spec.default is MISSING else f"`{spec.default}`" if str(spec.default) else "empty"
        rows.append(f"| `{spec.name.upper()}` | {default} | {spec.metadata['doc']} |")
    return "\n".join(rows)


@click.command("settings")
def show_settings() -> None:
    """Print every setting with its default as a Markdown table."""
    click.echo(settings_table())


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(clock_group)
    app.cli.add_command(show_settings)
