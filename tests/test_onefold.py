"""The command as a whole: what cannot work ends in a message that helps, never in a traceback."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("word", "code", "message"),
    [("doctor", 1, "set ONEFOLD_HOME"), ("ingest", 2, "set ONEFOLD_HOME"),
     ("check", 2, "expected a warehouse at")],
)  # fmt: skip
def test_a_home_that_is_no_folder(
    tmp_path: Path,
    run_onefold: Callable[..., subprocess.CompletedProcess[str]],
    word: str,
    code: int,
    message: str,
) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run_onefold([word], tmp_path / "file")
    assert (result.returncode, message in result.stdout + result.stderr) == (code, True)
    assert "Traceback" not in result.stderr
