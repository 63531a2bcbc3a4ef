"""Levels: what an outcome becomes under each rule. Pure, no engine."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.errors import ExpectationsError
from expectations.rules import GateRule, Level, by_expectation, limit, match
from expectations.verdicts import GateVerdict, Outcome, Status, could_not_run, judge, worst

TODAY = date(2026, 1, 1)


def _outcome(bad: int, of: int) -> Outcome:
    return Outcome("e", "marts.t", "Rows are good.", True, bad == 0, of, bad)


def _rule(level: Level, limit_value: float, unit: str = "share") -> GateRule:
    return GateRule("e", level, unit, limit_value, TODAY)


@pytest.mark.parametrize(
    ("level", "bad", "status"),
    [
        ("block", 0, "passed"),
        ("block", 10, "warned"),
        ("block", 11, "blocked"),
        ("warn", 0, "passed"),
        ("warn", 10, "passed"),
        ("warn", 100, "warned"),
        ("quarantine", 0, "passed"),
        ("quarantine", 10, "quarantined"),
        ("quarantine", 11, "blocked"),
    ],
)
def test_levels(level: Level, bad: int, status: Status) -> None:
    result = judge(_outcome(bad, 100), _rule(level, 0.10))
    assert result.status == status
    assert result.observed == bad / 100
    assert (result.message is None) == (status == "passed")


@pytest.mark.parametrize(("level", "status"), [("block", "blocked"), ("warn", "warned")])
def test_a_count_that_is_not_met(level: Level, status: Status) -> None:
    empty = Outcome("e", "marts.t", "Has rows.", False, False, 0, None, 0.0)
    result = judge(empty, _rule(level, 1, "rows"))
    assert result.status == status
    assert result.message == "Has rows. Got 0 rows (limit 1)."


def test_quarantine_needs_rows_to_set_aside() -> None:
    result = judge(Outcome("e", "t", "Fresh.", False, True), _rule("quarantine", 1, "days"))
    assert result.status == "error"


@pytest.mark.parametrize("level", ["block", "warn", "quarantine"])
def test_what_could_not_run_blocks_at_every_level(level: Level) -> None:
    result = judge(Outcome("e", "t", "Good.", True, error="No such table."), _rule(level, 1))
    assert result.status == "error"
    assert worst([result.status, "passed"]) == "blocked"


def test_a_gate_without_results_blocks() -> None:
    assert GateVerdict("r", "g", datetime(2026, 1, 1), ()).is_blocked


def test_problems_come_worst_first() -> None:
    results = (
        judge(_outcome(1, 100), _rule("quarantine", 0.1)),
        could_not_run("gate", "t", "No rules."),
    )
    problems = GateVerdict("r", "g", datetime(2026, 1, 1), results).problems
    assert [p.split(":")[0] for p in problems] == ["gate", "e"]


_HARSHNESS = {"passed": 0, "warned": 1, "quarantined": 2, "blocked": 3}


@given(
    level=st.sampled_from(["block", "warn", "quarantine"]),
    rate=st.floats(0, 1),
    of=st.integers(1, 500),
    data=st.data(),
)
def test_more_bad_rows_never_make_a_verdict_milder(
    level: Level, rate: float, of: int, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, of))
    worse = data.draw(st.integers(bad, of))
    rule = _rule(level, rate)
    first, second = (judge(_outcome(n, of), rule).status for n in (bad, worse))
    assert _HARSHNESS[first] <= _HARSHNESS[second]


def test_rules_are_complete_and_single() -> None:
    rule = _rule("warn", 0)
    with pytest.raises(ExpectationsError, match="one row in force"):
        by_expectation("marts", [rule, rule])
    with pytest.raises(ExpectationsError, match="expected block, warn or quarantine"):
        by_expectation("marts", [GateRule("e", "shout", "share", 0, TODAY)])  # type: ignore[arg-type]
    with pytest.raises(ExpectationsError, match=r"missing: \['f'\], unknown: \['e'\]"):
        match("marts", {"e": rule}, ["f"])
    with pytest.raises(ExpectationsError, match="none; add one"):
        limit({}, "e")
