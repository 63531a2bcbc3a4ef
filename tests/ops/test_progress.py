"""What a run is doing now, as events that another process can follow."""

from pathlib import Path

import pytest

from ops import progress
from warehouse.errors import OnefoldError

RUN = "manual__2026-06-30T00:00:00+00:00"


def test_a_stage_leaves_its_beginning_and_its_end(home: Path) -> None:
    with progress.stage(RUN, "marts") as running:
        running.detail |= {"models": 3}
        assert progress.read(RUN) == [{"stage": "marts", "event": "started"}]
    done = progress.read(RUN)[1]
    assert done.pop("seconds") >= 0
    assert done == {"stage": "marts", "event": "done", "error": "", "detail": {"models": 3}}


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (OnefoldError("expected a file, got none; put one there"),
         "expected a file, got none; put one there"),
        (ValueError("ann@example.org is no number"), "ValueError"),
        (KeyboardInterrupt("ann@example.org"), "KeyboardInterrupt"),
        (SystemExit("ann@example.org"), "SystemExit"),
    ],
)  # fmt: skip
def test_a_failure_is_an_event_with_only_messages_made_for_people(
    home: Path, raised: BaseException, error: str
) -> None:
    with pytest.raises(type(raised)), progress.stage(RUN, "sync a") as running:
        running.detail["sent"] = 2
        raise raised
    event = progress.read(RUN)[-1]
    assert (event["event"], event["error"], event["detail"]) == ("failed", error, {"sent": 2})
    assert "ann@example.org" not in progress.path(RUN).read_text()


def test_a_line_that_is_still_being_written_is_left_for_later(home: Path) -> None:
    progress.emit(RUN, stage="a", event="started")
    with progress.path(RUN).open("a") as file:
        file.write('{"stage": "b", "ev')
        file.flush()
        assert [e["stage"] for e in progress.read(RUN)] == ["a"]
        file.write('ent": "started"}\n')
    assert [e["stage"] for e in progress.read(RUN)] == ["a", "b"]


def test_runs_do_not_mix_and_a_new_run_has_no_events(home: Path) -> None:
    progress.emit(RUN, stage="a", event="started")
    assert progress.read("another") == []


def test_the_file_is_in_the_home_whatever_the_run_is_called(home: Path) -> None:
    paths = [progress.path(run) for run in (RUN, "../../etc/passwd", "a/b", "..")]
    assert all(p.parent == home / "runs" for p in paths)
    assert len(set(paths)) == len(paths)
    assert paths[0].name == "manual__2026-06-30T00_00_00_00_00.jsonl"
