"""A file that looks as it did is not read again; whatever else it may be, it is."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion import load

FILE = "hubspot/email_events.csv"
LONG_AGO = (time.time() - 3600,) * 2
AHEAD = (time.time() + 3600,) * 2


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose content is read."""
    names: list[str] = []
    real = load.read_content

    def read(path: Path) -> Any:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(load, "read_content", read)
    return names


@pytest.fixture
def put(land: Callable[..., Path], home: Path) -> Callable[[str, str], Path]:
    """Land a text and make its file an hour old."""

    def put(file: str, text: str) -> Path:
        land(file, text)
        path = home / "landing" / file
        os.utime(path, LONG_AGO)
        return path

    return put


def test_a_file_that_did_not_change_is_not_read_again(put, ingest, opened, events) -> None:
    put(FILE, events(5))
    copy = "hubspot/email_events_again.csv"
    put(copy, events(5))
    first = ingest()
    assert (first[FILE].outcome, first[copy].outcome) == ("loaded", "duplicate")
    assert len(opened) == 2
    again = ingest()
    assert len(opened) == 2
    assert (again[FILE].outcome, again[copy].outcome) == ("already_loaded", "duplicate")
    assert again[FILE].load == first[FILE].load
    assert not again[FILE].is_new


def test_a_file_that_was_just_written_to_is(land, ingest, opened, events, home) -> None:
    land(FILE, events(5))
    os.utime(home / "landing" / FILE, AHEAD)  # however long the test takes
    assert [ingest()[FILE].outcome for _ in range(3)] == ["loaded", *["already_loaded"] * 2]
    assert len(opened) == 3


def test_other_content_lands_whatever_its_size(put, ingest, opened, query, events) -> None:
    path = put(FILE, events(5))
    ingest()
    text = path.read_text()
    path.write_text(text.replace("CLICK", "SPENT"))
    assert len(path.read_bytes()) == len(text.encode())
    os.utime(path, (LONG_AGO[0], LONG_AGO[1] + 1))
    assert ingest()[FILE].outcome == "loaded"
    assert query("select count(*) from state.loads where status = 'loaded'") == [(2,)]
    assert query("select count(*) from state.seen_files") == [(1,)]


def test_a_refused_file_is_read_at_every_run(put, ingest, opened) -> None:
    put(FILE, "not,the\nright,columns\n")
    assert [ingest()[FILE].outcome for _ in range(2)] == ["refused", "refused"]
    assert len(opened) == 2


def test_a_load_that_is_taken_out_of_the_ledger_lands_again(
    put, ingest, opened, query, events
) -> None:
    put(FILE, events(5))
    ingest()
    query("delete from state.loads")
    assert ingest()[FILE].outcome == "loaded"
