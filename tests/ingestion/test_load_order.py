"""The place of a load among all loads: a function of the files, told against a plain loop."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from ingestion import ledger
from warehouse.connection import connect

SEED = 20261128
DAY = datetime(2026, 3, 1)
LONG_AGO = datetime(1, 1, 1)


class File(NamedTuple):
    """One file: its name, content and what the ledger would know of it."""

    name: str
    content: str
    named: datetime | None = None
    newest: datetime | None = None
    rows: int = 1
    rejected: int = 0


@pytest.fixture(scope="module", autouse=True)
def view(module_home: Path) -> None:
    with connect("test") as con:
        ledger.prepare(con, ())


def _order(files: list[File]) -> dict[str, tuple[int, bool]]:
    """Content -> (place, is past) of files that arrived in this order, of one table."""
    seen: dict[str, str] = {}
    with connect("test") as con:
        con.execute("delete from state.loads")
        for seq, file in enumerate(files, start=1):
            status = "duplicate" if file.content in seen else "loaded"
            load_id = f"{seq:08d}-{file.content}"
            seen.setdefault(file.content, load_id)
            is_load = status == "loaded"
            row = ledger.Load(
                "s", "t", file.name, file.content, status, load_id=load_id,
                load_seq=seq if is_load else None, rows_loaded=file.rows * is_load,
                rows_rejected=file.rejected * is_load, file_as_of=file.named,
                data_as_of=file.newest if is_load else None,
            )  # fmt: skip
            ledger.write(con, row, "", DAY)
        rows = con.execute("select load_id, place, is_past from state.load_order").fetchall()
    contents = {load_id: content for content, load_id in seen.items()}
    assert len(rows) == len(contents)
    return {contents[load_id]: (place, is_past) for load_id, place, is_past in rows}


def test_the_places_of_shuffled_arrivals_are_those_of_a_plain_loop() -> None:
    rng = random.Random(SEED)
    files = []
    for n in range(40):
        newest = rng.choice([None, DAY + timedelta(days=rng.randrange(8))])
        named = rng.choice([None, None, DAY + timedelta(days=rng.randrange(8))])
        files.append(File(f"f{rng.randrange(1000):03d}-{n}", f"c{n}", named, newest))
        if rng.random() < 0.4:  # the content comes again, under another name and perhaps date
            again = rng.choice([None, DAY + timedelta(days=rng.randrange(8))])
            files.append(File(f"f{rng.randrange(1000):03d}-{n}b", f"c{n}", again, newest))
    keys = {}
    for content in {f.content for f in files}:
        own = [f for f in files if f.content == content]
        named_at = max((f.named for f in own if f.named), default=None)
        keys[content] = (named_at or own[0].newest or LONG_AGO, min(f.name for f in own))
    expected = {c: place for place, c in enumerate(sorted(keys, key=keys.__getitem__), start=1)}
    for _ in range(5):
        rng.shuffle(files)
        found = {content: place for content, (place, _) in _order(files).items()}
        assert found == expected, f"seed {SEED}"


def _past(*files: File) -> set[str]:
    """Contents that a later snapshot proves outdated, the same in both directions of arrival."""
    there, back = _order(list(files)), _order(list(files)[::-1])
    assert there == back
    return {content for content, (_, is_past) in there.items() if is_past}


ONE, TWO, THREE = (DAY + timedelta(days=n) for n in (1, 2, 3))


def test_files_of_one_date_are_one_snapshot() -> None:
    assert _past(
        File("de-1", "a", ONE),
        File("fr-1", "b", ONE),
        File("de-2", "c", TWO),
        File("fr-2", "d", TWO),
    ) == {"a", "b"}


def test_files_without_a_date_are_each_a_snapshot() -> None:
    assert _past(File("b", "a", None, ONE), File("a", "b", None, TWO), File("c", "c")) == {"a", "c"}


def test_a_snapshot_without_rows_or_with_rejected_lines_proves_nothing_gone() -> None:
    assert _past(File("1", "a", ONE), File("2", "b", TWO, rows=0)) == set()
    assert (
        _past(File("1", "a", ONE), File("2", "b", TWO), File("2b", "c", TWO, rejected=1)) == set()
    )
    assert _past(
        File("1", "a", ONE), File("2", "b", TWO), File("3", "c", THREE, rejected=1)
    ) == {"a"}  # fmt: skip


def test_the_same_name_again_replaces_what_it_held() -> None:
    first, second = File("x", "a", ONE), File("x", "b", ONE)
    assert _order([first, second]) == {"a": (1, True), "b": (2, False)}
    assert _order([second, first]) == {"b": (1, True), "a": (2, False)}
    undated = [File("x", "a", None, ONE), File("x", "b", None, ONE)]
    assert _order(undated) == {"a": (1, True), "b": (2, False)}


def test_a_content_that_comes_back_under_a_later_date_is_the_newest_again() -> None:
    assert _past(File("1", "a", ONE), File("2", "b", TWO), File("3", "a", THREE)) == {"b"}
