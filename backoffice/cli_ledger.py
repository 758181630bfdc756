"""`flask ledger …`: proving the book (M-10)."""

import click
from flask.cli import AppGroup

from backoffice.ledger_verify import verify_book

ledger_group = AppGroup("ledger", help="The book.")


@ledger_group.command("verify")
def verify_ledger() -> None:
    """Prove all invariants over the whole book; exits with 1 and the offending rows when one is broken."""
    report = verify_book()
    for finding in report.findings:
        verdict = "BROKEN" if finding.offenders else "ok"
        click.echo(
            f"{verdict:6} {finding.check.name} ({finding.looked_at:,} {finding.check.subject}, {finding.seconds:.2f} s)"
        )
        for offender in finding.offenders:
            click.echo("       " + ", ".join(f"{name}={value}" for name, value in offender.items()), err=True)
    counts = ", ".join(f"{count:,} {name.replace('_', '-')}" for name, count in report.counts.items())
    click.echo(f"{'The book holds' if report.holds else 'The book is BROKEN'}: {counts}; {report.seconds:.2f} s")
    if not report.holds:
        raise SystemExit(1)
