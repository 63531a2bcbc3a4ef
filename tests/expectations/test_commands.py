"""`onefold check` where there is nothing to judge, and with a clock that is none."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from expectations.commands import register
from expectations.pages import Line
from expectations.report import show
from warehouse.connection import connect
from warehouse.errors import OnefoldError


@pytest.fixture
def app(home: Path) -> typer.Typer:
    """The command over a warehouse that holds nothing."""
    with connect("test set-up"):
        pass
    commands = typer.Typer()
    register(commands)
    return commands


def test_nothing_judged_yet(app: typer.Typer) -> None:
    shown = CliRunner().invoke(app, ["--latest"])
    assert (shown.exit_code, shown.output) == (0, "no gate has judged anything yet\n")
    assert CliRunner().invoke(app, ["--latest", "--json"]).output == "[]\n"


@pytest.mark.parametrize(
    ("as_of", "message"), [("yesterday", "expected an ISO timestamp"), ("", "an earlier run")]
)
def test_a_clock_that_is_none(app: typer.Typer, as_of: str, message: str) -> None:
    with pytest.raises(OnefoldError, match=message):
        CliRunner().invoke(app, ["--as-of", as_of], catch_exceptions=False)


def test_names_are_shown_whole_however_narrow_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    names = {
        "gate": "plan:open_opportunity_contacts",
        "expectation_id": "won_opportunities_have_a_date",
    }
    blank = dict.fromkeys(Line._fields)
    show([Line(**(blank | names | {"status": "warned", "message": "Look. " * 30}))])
    printed = capsys.readouterr().out
    assert names["gate"] in printed and names["expectation_id"] in printed
