"""What the README says of the settings is what the code takes."""

from backoffice.cli import settings_table
from tests.guards.sources import ROOT


def test_the_settings_table_is_the_one_of_the_code() -> None:
    assert settings_table() in (ROOT / "README.md").read_text(), "paste the output of `flask settings`"


def test_the_documents_of_the_project_are_there() -> None:
    for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE"):
        assert (ROOT / name).read_text().strip(), name
