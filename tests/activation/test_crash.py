"""Killed at any commit, the next run ends in the desired state and no change counts twice."""

from typing import Any

import pytest

from activation.apply import apply
from activation.ledger import Ledger
from activation.plan import plan
from activation.snapshot import SnapshotFile
from warehouse.connection import connect

BEFORE = {"stays": ("s@x.test", 1), "moves": ("m@x.test", 1), "goes": ("g@x.test", 1)}
AFTER = {"stays": ("s@x.test", 1), "moves": ("n@x.test", 1), "comes": ("c@x.test", 1)}
DESIRED = {k: {"mail": mail, "score": score} for k, (mail, score) in AFTER.items()}


class Killed(BaseException):
    """Stands for the process dying at this very moment."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int, *, is_durable: bool) -> None:
    """Die at the n-th commit of the ledger, with or without it reaching the disk."""
    real, count = Ledger.commit, [0]

    def commit(self: Ledger) -> None:
        count[0] += 1
        if count[0] != number:
            return real(self)
        if is_durable:
            real(self)
        raise Killed

    monkeypatch.setattr(Ledger, "commit", commit)


@pytest.mark.parametrize("is_durable", [False, True])
@pytest.mark.parametrize("number", range(1, 7))
def test_any_commit_may_be_the_last(
    kit: Any, monkeypatch: pytest.MonkeyPatch, number: int, is_durable: bool
) -> None:
    sync, memory = kit.make_sync(), kit.Memory(batch_size=2)
    with connect("test"):
        kit.write_model(BEFORE)
        plan(sync, "one", kit.as_of)
        apply(sync, "one", destination=memory)
        kit.write_model(AFTER)
        plan(sync, "two", kit.as_of)
        planned = "select idempotency_key from state.newest_sync_plans where action <> 'skip'"
        keys = {row[0] for row in kit.query(planned)}
        # Commits: begin, then intents and outcomes of two calls, then end.
        with monkeypatch.context() as patch, pytest.raises(Killed):
            kill_at(patch, number, is_durable=is_durable)
            apply(sync, "two", destination=memory)
        calls = len(memory.calls) - 2
        assert calls == {1: 0, 2: 0, 3: 2, 4: 2, 5: 3, 6: 3}[number]
        plan(sync, "three", kit.as_of)
        apply(sync, "three", destination=memory)
    assert memory.held == DESIRED
    seen = [r.idempotency_key for call in memory.calls[2:] for r in call]
    assert set(seen) == keys
    assert len(memory.keys) == len(BEFORE) + len(keys)


def test_the_same_run_can_take_its_own_plan_up_again(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, memory = kit.make_sync(), kit.Memory(batch_size=2)
    kit.write_model({key: (f"{key}@x.test", 1) for key in "abcd"})
    plan(sync, "one", kit.as_of)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, 5, is_durable=False)
        apply(sync, "one", destination=memory)
    assert kit.query("select status from state.sync_runs") == [("planned",)]
    again = apply(sync, "one", destination=memory)
    assert (again.already_sent, again.sent) == (2, 2)
    assert set(memory.held) == set("abcd") and len(memory.keys) == 4
    assert kit.query("select status, sent, unknown from state.sync_runs") == [("done", 4, 0)]


def test_a_snapshot_killed_before_its_swap_is_published_by_the_next_run(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warehouse.settings import settings

    sync = kit.make_sync()
    kit.write_model({"a": ("a@x.test", 1)})
    plan(sync, "one", kit.as_of)

    def die(self: SnapshotFile) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(SnapshotFile, "_swap", die)
        apply(sync, "one")
    target = settings().outbox / "csv_file" / "people.csv"
    assert not target.exists()
    planned = plan(sync, "two", kit.as_of)
    assert [(r["action"], r["reason"]) for r in planned.reasons] == [("add", "outcome_unknown")]
    apply(sync, "two")
    assert target.read_text() == "mail,score\na@x.test,1\n"
