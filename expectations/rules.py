"""The rule rows of a gate: `rules.gate_rules`, the row in force at the run's clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import duckdb

from expectations.errors import ExpectationsError

Level = Literal["block", "warn", "quarantine"]


@dataclass(frozen=True)
class GateRule:
    """How bad a failure of one expectation is. `valid_from` is the rule's version; up to
    `floor_value` passes, whatever share or multiple it is."""

    expectation_id: str
    level: Level
    unit: str
    limit_value: float
    valid_from: date
    floor_value: float | None = None


Rules = Mapping[str, GateRule]


def read_rules(con: duckdb.DuckDBPyConnection, gate: str, as_of: datetime) -> dict[str, GateRule]:
    """Rules of `gate` in force at `as_of`, by expectation; two at once are an error."""
    found = con.execute(
        """
        select expectation_id, level, unit, limit_value, valid_from, floor_value
        from rules.gate_rules
        where gate = ? and valid_from <= ? and coalesce(valid_to > ?, true)
        order by expectation_id, valid_from
        """,
        [gate, as_of.date(), as_of.date()],
    ).fetchall()
    return by_expectation(gate, (GateRule(*row) for row in found))


def by_expectation(gate: str, rules: Iterable[GateRule]) -> dict[str, GateRule]:
    """Index rules, refusing two for one expectation and levels nobody knows."""
    indexed: dict[str, GateRule] = {}
    for rule in rules:
        where = f"expectation {rule.expectation_id} of gate {gate} in gate_rules.csv"
        if rule.expectation_id in indexed:
            raise ExpectationsError(f"expected one row in force for {where}, got two; end one")
        if rule.level not in ("block", "warn", "quarantine"):
            raise ExpectationsError(
                f"expected block, warn or quarantine for {where}, got {rule.level!r}"
            )
        indexed[rule.expectation_id] = rule
    return indexed


def match(gate: str, rules: Rules, expectation_ids: Iterable[str]) -> None:
    """Raise unless the gate's expectations and its rule rows are the same set."""
    have, want = set(rules), set(expectation_ids)
    if have != want:
        raise ExpectationsError(
            f"expected one row of gate_rules.csv for every expectation of gate {gate}; missing: "
            f"{sorted(want - have)}, unknown: {sorted(have - want)}"
        )


def limit(rules: Rules, expectation_id: str) -> float:
    """The limit of one expectation; raises if it has no rule in force."""
    return _rule(rules, expectation_id).limit_value


def floor(rules: Rules, expectation_id: str) -> float:
    """How much passes whatever the limit; raises if the expectation has no rule in force."""
    return _rule(rules, expectation_id).floor_value or 0


def _rule(rules: Rules, expectation_id: str) -> GateRule:
    if expectation_id not in rules:
        raise ExpectationsError(
            f"expected a row for {expectation_id} in gate_rules.csv in force at the run's clock, "
            "found none; add one"
        )
    return rules[expectation_id]
