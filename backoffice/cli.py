"""Commands: `flask NAME`."""

from datetime import timedelta

import click
from flask import Flask
from flask.cli import AppGroup

from backoffice import clock
from backoffice.config import settings

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


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(clock_group)
