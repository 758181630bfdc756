"""The command `lectern`, also `python -m backoffice`: what runs around the app, and so must not load it."""

import os
import sys

import click

from backoffice.dev import up as dev_up
from backoffice.dev.processes import StartError
from backoffice.dev.settings import ROOT, UpSettings, remembered_environment


@click.group()
def main() -> None:
    """Lectern, a marketplace for courses."""


@main.command()
def up() -> None:
    """Start the whole site with its servers and keep it running; Ctrl-C stops it."""
    settings = _settings()
    sys.exit(dev_up.run(settings, dev_up.site_plan(settings)))


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def flask(arguments: tuple[str, ...]) -> None:
    """Run a flask command with the settings of the site that `up` runs, for example `lectern flask ledger verify`."""
    settings = _settings()
    try:
        given = settings.database_url and settings.redis_url
        env = dict(os.environ) if given else remembered_environment(settings.var_dir)
    except StartError as error:
        raise click.ClickException(str(error)) from None
    os.chdir(ROOT)
    os.execve(sys.executable, [*dev_up.FLASK, *arguments], env)


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Run benchmarks by their names, all when none is named, each on servers and data of its own."""
    sys.exit(dev_up.bench(_settings(), arguments))


def _settings() -> UpSettings:
    try:
        return UpSettings.read(os.environ)
    except StartError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
