"""Applying a plan: guards first, removals first, once, and every outcome written down."""

from typing import Any

import pytest

from activation.apply import apply
from activation.config import Guards
from activation.errors import ActivationError, GuardStopped, PlanStale
from activation.fold import fold
from activation.ledger import only_delivery
from activation.plan import plan
from activation.quarantine import quarantined_keys
from activation.records import FAILED, UNKNOWN, Outcome
from warehouse.connection import connect
from warehouse.settings import settings

ROWS = {key: (f"{key}@x.test", 1) for key in "abcde"}


def status(kit: Any, run_id: str) -> tuple[Any, ...]:
    rows = kit.query(
        "select status, approved_reason, sent, failed, unknown, withheld, finished_at is not null"
        f" from state.sync_runs where run_id = '{run_id}'"
    )
    assert len(rows) == 1
    return tuple(rows[0])


def test_a_breach_stops_before_the_first_call_until_someone_approves(kit: Any) -> None:
    sync, memory = kit.make_sync(guards=Guards(first_run="approve")), kit.Memory()
    kit.write_model(ROWS)
    assert plan(sync, "one", kit.as_of).breaches
    with pytest.raises(GuardStopped, match=r"first run: 5 records would be added.*--approve"):
        apply(sync, "one", destination=memory)
    assert not memory.calls
    assert status(kit, "one") == ("stopped", None, 0, 0, 0, 0, False)
    assert apply(sync, "one", destination=memory, approve="checked by Ann").sent == 5
    assert status(kit, "one") == ("done", "checked by Ann", 5, 0, 0, 0, True)


def test_an_emptied_model_removes_nobody(kit: Any) -> None:
    sync, memory = kit.make_sync(guards=Guards(first_run="allow")), kit.Memory()
    kit.write_model(ROWS)
    plan(sync, "one", kit.as_of)
    apply(sync, "one", destination=memory)
    kit.write_model({})
    plan(sync, "two", kit.as_of)
    with pytest.raises(GuardStopped, match="none of 0 candidates while the destination holds 5"):
        apply(sync, "two", destination=memory)
    assert set(memory.held) == set(ROWS)


def test_removals_go_first_and_applying_again_sends_nothing(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory()
    kit.write_model({"z": ("z@x.test", 1)})
    plan(sync, "one", kit.as_of)
    apply(sync, "one", destination=memory)
    kit.write_model(ROWS)
    plan(sync, "two", kit.as_of)
    first = apply(sync, "two", destination=memory)
    assert [r.action for call in memory.calls[1:] for r in call] == ["remove"] + ["add"] * 5
    again = apply(sync, "two", destination=memory)
    assert (first.sent, again.sent, again.already_sent) == (6, 0, 6)
    assert status(kit, "two")[2] == 6


def test_an_unwell_destination_is_left_alone(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory(batch_size=2)
    kit.write_model(ROWS)
    plan(sync, "one", kit.as_of)
    memory.script = [None, Outcome(FAILED, error_class="unauthorized", halts=True)]
    applied = apply(sync, "one", destination=memory)
    assert (applied.sent, applied.failed, applied.not_tried) == (2, 2, 1)
    assert applied.errors == {"unauthorized": 2}
    assert status(kit, "one")[:4] == ("incomplete", None, 2, 2)
    assert len(memory.calls) == 2
    plan(sync, "two", kit.as_of)
    assert apply(sync, "two", destination=memory).sent == 3
    assert set(memory.held) == set(ROWS)


def test_quarantined_adds_and_changes_wait_but_removals_go(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory()
    kit.write_model({"a": ("a@x.test", 1), "b": ("b@x.test", 1)})
    plan(sync, "one", kit.as_of)
    apply(sync, "one", destination=memory)
    kit.write_model({"a": ("a@x.test", 2), "c": ("c@x.test", 1), "d": ("d@x.test", 1)})
    plan(sync, "two", kit.as_of)
    applied = apply(sync, "two", destination=memory, excluded_keys={"a", "b", "c"})
    assert (applied.sent, applied.withheld, applied.status) == (2, 2, "done")
    assert {k: v["score"] for k, v in memory.held.items()} == {"a": 1, "d": 1}
    assert apply(sync, "two", destination=memory, excluded_keys={"a", "b", "c"}).withheld == 2
    assert status(kit, "two") == ("done", None, 2, 0, 0, 2, True)
    # Released by a person: the next run sends what was withheld.
    plan(sync, "three", kit.as_of)
    apply(sync, "three", destination=memory)
    assert {k: v["score"] for k, v in memory.held.items()} == {"a": 2, "c": 1, "d": 1}


def test_the_gates_open_violations_are_what_is_excluded(kit: Any) -> None:
    kit.write_model({"a": ("a@x.test", 1), "b": ("b@x.test", 1), "c@x.test": ("c@x.test", 1)})
    plan(kit.make_sync(), "one", kit.as_of)
    with connect("test") as con:
        assert quarantined_keys(con, "people") == []
        con.execute(
            "create table state.violations (gate varchar, row_key varchar, level varchar,"
            " status varchar)"
        )
        con.executemany(
            "insert into state.violations values (?, ?, ?, ?)",
            [
                ("plan:people", "a", "quarantine", "open"),
                ("plan:people", "p_c@x.test", "quarantine", "open"),
                ("plan:people", "b", "quarantine", "released"),
                ("plan:people", "b", "warn", "open"),
                ("plan:other", "b", "quarantine", "open"),
            ],
        )
        assert quarantined_keys(con, "people") == ["a", "c@x.test"]


def test_a_plan_made_before_another_delivery_is_refused(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory()
    kit.write_model(ROWS)
    plan(sync, "old", kit.as_of)
    kit.write_model({"a": ("a@x.test", 2)})
    plan(sync, "new", kit.as_of)
    apply(sync, "new", destination=memory)
    with pytest.raises(PlanStale, match="plan again"):
        apply(sync, "old", destination=memory)


def test_no_connection_means_planned_and_not_sent(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_NOWHERE", raising=False)
    sync = kit.make_sync(destination="webhook", connection="nowhere")
    kit.write_model(ROWS)
    assert not plan(sync, "one", kit.as_of).is_configured
    assert apply(sync, "one").status == "not_configured"
    assert status(kit, "one")[0] == "not_configured"
    assert not settings().ledger.exists()


def test_a_run_needs_a_plan_and_one_delivery_at_a_time(kit: Any) -> None:
    sync = kit.make_sync()
    with pytest.raises(ActivationError, match="plan it first"):
        apply(sync, "none", destination=kit.Memory())
    with (
        only_delivery(settings().home, sync.name),
        pytest.raises(ActivationError, match="another process is sending"),
    ):
        apply(sync, "none", destination=kit.Memory())


def test_the_warehouse_is_free_while_records_travel(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory()
    kit.write_model(ROWS)
    plan(sync, "one", kit.as_of)

    class Nosy(kit.Memory):  # type: ignore[name-defined, misc]
        def send(self, records: Any) -> Any:
            from warehouse import connection

            assert not any(connection._depth.values())
            return super().send(records)

    memory = Nosy()
    assert apply(sync, "one", destination=memory).sent == 5


def test_folding_twice_changes_nothing_and_a_lost_ledger_reuses_no_number(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory()
    kit.write_model(ROWS)
    plan(sync, "one", kit.as_of)
    memory.script = [Outcome(UNKNOWN, error_class="timeout")]
    apply(sync, "one", destination=memory)
    tables = ("sync_ledger", "sync_holdings", "sync_runs")
    before = {t: kit.query(f"select * from state.{t} order by all") for t in tables}
    assert [len(rows) for rows in before.values()] == [5, 3, 1]
    fold()
    assert fold().entries == 0
    assert {t: kit.query(f"select * from state.{t} order by all") for t in tables} == before
    for file in settings().home.glob("sync_ledger.sqlite*"):
        file.unlink()
    plan(sync, "two", kit.as_of)
    assert apply(sync, "two", destination=memory).sent == 2
    assert kit.query("select count(distinct entry_id), count(*) from state.sync_ledger") == [(7, 7)]


def test_a_lost_warehouse_is_refilled_from_the_ledger(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory()
    kit.write_model(ROWS)
    plan(sync, "one", kit.as_of)
    apply(sync, "one", destination=memory)
    settings().warehouse.unlink()
    kit.write_model({k: ROWS[k] for k in "abcd"})
    planned = plan(sync, "two", kit.as_of)
    assert (planned.adds, planned.changes, planned.removes) == (0, 4, 1)
    apply(sync, "two", destination=memory)
    assert set(memory.held) == set("abcd")
    assert not plan(sync, "three", kit.as_of).has_work
