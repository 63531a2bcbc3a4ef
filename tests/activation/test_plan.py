"""A plan is the difference between the model and what the destination is known to hold."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activation.apply import apply
from activation.errors import PlanError
from activation.plan import plan
from activation.records import FAILED, UNKNOWN, Outcome, idempotency_key
from warehouse.connection import connect

ROW = st.one_of(
    st.tuples(st.sampled_from(["a@x.test", "b@x.test", None]), st.integers(0, 2)),
    st.tuples(st.sampled_from(["consent_absent", "suppressed"])),
)
MODEL = st.dictionaries(st.sampled_from("uvwxyz"), ROW)
FATE = st.sampled_from([None, None, Outcome(FAILED), Outcome(UNKNOWN)])
ROUND = st.tuples(MODEL, st.lists(st.dictionaries(st.sampled_from("uvwxyz"), FATE), max_size=4))


def desired(rows: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """The oracle: what the destination should hold after a mirror."""
    return {k: {"mail": r[0], "score": r[1]} for k, r in rows.items() if len(r) == 2}


def actions(kit: Any) -> dict[str, tuple[str, str]]:
    """(action, reason) by record key, in the newest plan."""
    rows = kit.query("select record_key, action, reason from state.newest_sync_plans")
    return {key: (action, reason) for key, action, reason in rows}


def run(kit: Any, sync: Any, memory: Any, number: list[int], **options: Any) -> Any:
    """One run: plan and apply under a run id of its own."""
    number[0] += 1
    planned = plan(sync, f"run-{number[0]}", kit.as_of)
    return planned, apply(sync, f"run-{number[0]}", destination=memory, **options)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rounds=st.lists(ROUND, min_size=1, max_size=3))
def test_whatever_happens_the_destination_ends_as_desired(kit: Any, rounds: list[Any]) -> None:
    name = f"s{abs(hash(json.dumps(rounds, default=repr)))}"
    sync, memory, number = kit.make_sync(name=name), kit.Memory(), [0]
    with connect("test"):  # keeps the file open between runs, for speed alone
        for rows, script in rounds:
            kit.write_model(rows)
            memory.script = list(script)
            run(kit, sync, memory, number)
        memory.script = []
        run(kit, sync, memory, number)
        assert memory.held == desired(rounds[-1][0])
        calls = len(memory.calls)
        planned, applied = run(kit, sync, memory, number)
    assert not planned.has_work
    assert (applied.sent, len(memory.calls)) == (0, calls)


def test_every_candidate_has_one_action_and_one_reason(kit: Any) -> None:
    sync, memory, number = kit.make_sync(), kit.Memory(), [0]
    before = {k: (f"{k}@x.test", 1) for k in ("same", "moved", "withdrawn", "gone")}
    kit.write_model(before | {"never": ("consent_absent",)})
    run(kit, sync, memory, number)
    kit.write_model(
        {
            "same": ("same@x.test", 1),
            "moved": ("new@x.test", 1),
            "withdrawn": ("consent_withdrawn",),
            "never": ("consent_absent",),
            "fresh": ("fresh@x.test", 1),
        }
    )
    planned = plan(sync, "second", kit.as_of)
    assert actions(kit) == {
        "same": ("skip", "unchanged"),
        "moved": ("change", "fields_changed"),
        "withdrawn": ("remove", "consent_withdrawn"),
        "gone": ("remove", "left_model"),
        "never": ("skip", "consent_absent"),
        "fresh": ("add", "allowed"),
    }
    assert (planned.candidates, planned.allowed, planned.held) == (5, 3, 4)
    assert (planned.adds, planned.changes, planned.removes, planned.skips) == (1, 1, 2, 2)
    rows = kit.query(
        "select person_id, changed_fields, idempotency_key, payload_hash, sequence"
        " from state.newest_sync_plans where record_key = 'moved'"
    )
    person, fields, key, payload_hash, sequence = rows[0]
    assert (person, fields, sequence) == ("p_moved", ["mail"], 2)
    assert key == idempotency_key("people", "moved", "change", payload_hash, 2)


def test_only_mapped_columns_count(kit: Any) -> None:
    sync, memory, number = kit.make_sync(fields={"mail": "email"}), kit.Memory(), [0]
    kit.write_model({"a": ("a@x.test", 1)})
    run(kit, sync, memory, number)
    kit.write_model({"a": ("a@x.test", 2)})
    assert not plan(sync, "second", kit.as_of).has_work


def test_null_policies(kit: Any) -> None:
    kit.write_model({"a": (None, 1)})
    memory = kit.Memory()
    run(kit, kit.make_sync(), memory, [0])
    assert memory.held == {"a": {"mail": None, "score": 1}}
    memory = kit.Memory()
    run(kit, kit.make_sync(name="omitting", nulls="omit"), memory, [0])
    assert memory.held == {"a": {"score": 1}}


def test_an_upsert_keeps_leavers_but_not_the_withdrawn(kit: Any) -> None:
    sync, memory, number = kit.make_sync(mode="upsert"), kit.Memory(), [0]
    kit.write_model({k: (f"{k}@x.test", 1) for k in ("leaver", "withdrawn")})
    run(kit, sync, memory, number)
    kit.write_model({"withdrawn": ("consent_withdrawn",)})
    memory.script = [Outcome(FAILED)]
    run(kit, sync, memory, number)
    assert set(memory.held) == {"leaver", "withdrawn"}
    # The refused removal is repeated even though the person has now left the model altogether.
    kit.write_model({})
    run(kit, sync, memory, number)
    assert set(memory.held) == {"leaver"}
    assert actions(kit)["leaver"] == ("skip", "left_model_kept")


def test_an_audience_sends_membership_alone(kit: Any) -> None:
    sync, memory, number = kit.make_sync(mode="audience"), kit.Memory(), [0]
    kit.write_model({"a": ("a@x.test", 1), "b": ("b@x.test", 1)})
    run(kit, sync, memory, number)
    kit.write_model({"a": ("a@x.test", 2)})
    run(kit, sync, memory, number)
    assert memory.held == {"a": {"mail": "a@x.test", "score": 1}}
    assert actions(kit)["a"] == ("skip", "attributes_not_synced")


def test_failed_records_are_tried_again_with_what_is_wanted_now(kit: Any) -> None:
    sync, memory, number = kit.make_sync(), kit.Memory(), [0]
    kit.write_model({"a": ("a@x.test", 1), "b": ("b@x.test", 1)})
    memory.script = [{"a": Outcome(FAILED, error_class="rejected")}]
    _, applied = run(kit, sync, memory, number)
    assert (applied.sent, applied.failed, applied.status) == (1, 1, "incomplete")
    assert plan(sync, "look", kit.as_of).adds == 1
    assert actions(kit)["a"] == ("add", "retry")
    kit.write_model({"a": ("a@x.test", 9), "b": ("b@x.test", 1)})
    run(kit, sync, memory, number)
    assert memory.held["a"] == {"mail": "a@x.test", "score": 9}


def test_keys_name_a_change_and_a_replay_keeps_its_key(kit: Any) -> None:
    sync, memory, number = kit.make_sync(), kit.Memory(), [0]
    here: dict[str, Any] = {"a": ("a@x.test", 1)}
    gone: dict[str, Any] = {}
    for rows in (here, gone, here, gone):
        kit.write_model(rows)
        run(kit, sync, memory, number)
    sent = [record.idempotency_key for call in memory.calls for record in call]
    assert len(set(sent)) == 4
    kit.write_model(here)
    memory.script = [Outcome(UNKNOWN), Outcome(UNKNOWN)]
    for _ in range(3):
        run(kit, sync, memory, number)
    replays = [record.idempotency_key for call in memory.calls[4:] for record in call]
    assert len(replays) == 3 and len(set(replays)) == 1


def test_plans_are_named_by_content_and_old_ones_keep_no_personal_data(kit: Any) -> None:
    sync = kit.make_sync()
    kit.write_model({"a": ("a@x.test", 1), "n": ("consent_denied",)})
    first = plan(sync, "one", kit.as_of).plan_id
    assert plan(sync, "two", "2026-07-01 00:00:00").plan_id == first
    kit.write_model({"a": ("a@x.test", 2), "n": ("consent_denied",)})
    second = plan(sync, "three", kit.as_of).plan_id
    assert second != first
    kept = kit.query(
        "select plan_id, record_key, is_newest, payload is not null from state.sync_plans"
        " order by all"
    )
    assert sorted(kept) == sorted(
        [
            (first, "a", False, False),
            (first, "n", False, False),
            (second, "a", True, True),
            (second, "n", True, False),
        ]
    )
    kit.write_model({"a": ("a@x.test", 1), "n": ("consent_denied",)})
    assert plan(sync, "four", kit.as_of).plan_id == first
    assert kit.query("select count(*), count(payload) from state.newest_sync_plans") == [(2, 1)]


def test_a_dry_run_keeps_nothing(kit: Any) -> None:
    kit.write_model({"a": ("a@x.test", 1)})
    assert plan(kit.make_sync(), "look", kit.as_of, store=False).adds == 1
    assert kit.query("select count(*) from state.sync_plans") == [(0,)]
    assert kit.query("select count(*) from state.sync_runs") == [(0,)]


def test_a_model_without_usable_keys_is_refused(kit: Any) -> None:
    sync = kit.make_sync()
    with pytest.raises(PlanError, match="found none; build it"):
        plan(sync, "r", kit.as_of)
    kit.write_model({"a": ("a@x.test", 1), "b": ("b@x.test", 1)})
    with pytest.raises(PlanError, match="expected column phone"):
        plan(kit.make_sync(fields={"phone": "phone"}), "r", kit.as_of)
    kit.query("update sync.sync_memory__people set record_key = 'a'")
    with pytest.raises(PlanError, match="0 null and 1 repeated keys in 2 rows"):
        plan(sync, "r", kit.as_of)
    kit.query("update sync.sync_memory__people set record_key = null")
    with pytest.raises(PlanError, match="2 null"):
        plan(sync, "r", kit.as_of)
