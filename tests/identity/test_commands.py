"""The commands in a home that has landed files and resolved nobody yet."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from identity.commands import register
from warehouse.connection import connect


@pytest.mark.parametrize(
    "words", [("profile", "email:a@x.test"), ("explain", "p_1"), ("evaluate",), ("status",)]
)
def test_nobody_resolved_yet_says_what_to_do(
    home: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    with connect("test set-up"):
        pass
    truth = tmp_path / "truth.csv"
    truth.write_text("source,record_type,record_id,person\n")
    app = typer.Typer()
    register(app)
    option = ("--truth", str(truth)) if words == ("evaluate",) else ()
    result = CliRunner().invoke(app, ["identity", *words, *option])
    assert result.exit_code == 2
    assert "found none yet; run `onefold run`" in result.stderr
