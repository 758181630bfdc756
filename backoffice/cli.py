"""Commands: `flask NAME`."""

from dataclasses import MISSING, fields
from datetime import timedelta

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from backoffice import bench, clock
from backoffice.access import SYSTEM, Role
from backoffice.bench import purchase
from backoffice.bench import run as benchmarks
from backoffice.cli_courses import courses_group
from backoffice.cli_ledger import ledger_group
from backoffice.cli_storage import storage_group
from backoffice.config import Settings, settings
from backoffice.db import db
from backoffice.demo import load as demo
from backoffice.operations import counters, users
from backoffice.queries.viewers import user_id_by_email
from backoffice.tasks import process, relay, scheduler
from backoffice.tasks.broker import sending_broker
from backoffice.tasks.sweeps import SWEEPS

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


counters_group = AppGroup("counters", help="What courses keep about themselves (C-2).")


@counters_group.command("rebuild")
def rebuild_counters() -> None:
    """Count students, reviews, ratings and durations of all courses anew."""
    click.echo(f"{counters.rebuild(actor=SYSTEM)} courses were wrong and are right now")


users_group = AppGroup("users", help="Accounts, from the server's console.")


@users_group.command("grant")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in users.GRANTABLE]))
def grant_role(email: str, role: str) -> None:
    """Make the user with this e-mail a moderator or an admin: how the first admin comes to be."""
    user_id = user_id_by_email(email)
    if user_id is None:
        raise click.ClickException(f"nobody has registered with {email}")
    users.grant_role(actor=SYSTEM, user_id=user_id, role=Role(role))
    click.echo(f"{email} is {role}")


@click.command("relay")
@with_appcontext
def run_relay() -> None:
    """Carry events from the outbox to the workers, until SIGTERM or SIGINT."""
    stopped = process.stop_on_signals()
    broker = sending_broker(settings().redis_url)
    with process.heartbeat(db.engine, "relay"):
        relay.run(db.engine, broker, lease=settings().task_lease_seconds, stopped=stopped)


@click.command("scheduler")
@with_appcontext
def run_scheduler() -> None:
    """Run the sweeps when they are due, until SIGTERM or SIGINT."""
    stopped = process.stop_on_signals()
    with process.heartbeat(db.engine, "scheduler"):
        scheduler.run(SWEEPS, stopped=stopped)


demo_group = AppGroup("demo", help="A believable shop with its past, for development.")


@demo_group.command("load")
def load_demo() -> None:
    """Load the demo shop: all of it or nothing; where it is already, nothing happens."""
    if not settings().development:
        raise click.ClickException("demo data are for development")
    done = demo.load(actor=SYSTEM, tell=lambda line: click.echo(f"demo: {line}"))
    click.echo("demo: done" if done else "demo: already here")


@click.command("bench")
@click.argument("name", type=click.Choice(sorted(bench.NAMES)))
@with_appcontext
def run_bench(name: str) -> None:
    """Run a benchmark on an empty database: `make bench` brings one."""
    if not benchmarks.run(name):
        raise SystemExit(1)


@click.command("bench-client", hidden=True)
@click.argument("way")
@click.argument("number", type=int)
@with_appcontext
def run_bench_client(way: str, number: int) -> None:
    """Be one client of the benchmark of buying."""
    done, cpu_s = purchase.client(way, number)
    click.echo(f"{done} {cpu_s}")


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(clock_group)
    app.cli.add_command(courses_group)
    app.cli.add_command(ledger_group)
    app.cli.add_command(storage_group)
    app.cli.add_command(counters_group)
    app.cli.add_command(users_group)
    app.cli.add_command(run_relay)
    app.cli.add_command(run_scheduler)
    app.cli.add_command(demo_group)
    app.cli.add_command(run_bench)
    app.cli.add_command(run_bench_client)
    app.cli.add_command(show_settings)
