"""From what was found to what may happen. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from expectations.rules import GateRule

Status = Literal["passed", "warned", "quarantined", "blocked", "error"]
_ORDER: tuple[Status, ...] = ("passed", "warned", "quarantined", "blocked", "error")


@dataclass(frozen=True)
class Outcome:
    """What running one check gave. `error` is set if it could not run, and nothing else counts."""

    expectation_id: str
    table: str
    title: str
    has_rows: bool
    is_met: bool = False
    evaluated_rows: int | None = None
    unexpected_rows: int | None = None
    observed: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Result:
    """One line of `quality.results`: an outcome judged by its rule."""

    expectation_id: str
    table: str
    title: str
    status: Status
    level: str | None
    unit: str | None
    limit_value: float | None
    rule_version: date | None
    observed: float | None
    evaluated_rows: int | None
    unexpected_rows: int | None
    message: str | None


@dataclass(frozen=True)
class Quarantined:
    """A row of a plan that must not be sent, with the rule that says so."""

    record_key: str
    expectation_id: str
    rule_version: date


@dataclass(frozen=True)
class GateVerdict:
    """The answer of one gate for one run. `quarantined` is filled for plans only."""

    run_id: str
    gate: str
    as_of: datetime
    results: tuple[Result, ...]
    quarantined: tuple[Quarantined, ...] = ()

    @property
    def status(self) -> Status:
        """passed, warned, quarantined or blocked: the worst of the results."""
        return worst(result.status for result in self.results)

    @property
    def is_blocked(self) -> bool:
        """Whether nothing may leave."""
        return self.status == "blocked"

    @property
    def problems(self) -> tuple[str, ...]:
        """The messages of everything that did not pass, worst first."""
        failed = [result for result in self.results if result.message]
        failed.sort(key=lambda result: -_ORDER.index(result.status))
        return tuple(f"{result.expectation_id}: {result.message}" for result in failed)


def worst(statuses: Iterable[Status]) -> Status:
    """The worst status; a check that could not run blocks, and so does a gate without checks."""
    found: Status = max(statuses, key=_ORDER.index, default="error")
    return "blocked" if found == "error" else found


def judge(outcome: Outcome, rule: GateRule) -> Result:
    """Apply a rule to an outcome. The limit itself still passes.

    block: over the limit blocks, bad rows within it warn. warn: over the limit warns.
    quarantine: bad rows are quarantined, over the limit blocks.
    """
    status, message = _decide(outcome, rule)
    return Result(
        outcome.expectation_id,
        outcome.table,
        outcome.title,
        status,
        rule.level,
        rule.unit,
        rule.limit_value,
        rule.valid_from,
        _observed(outcome, rule),
        outcome.evaluated_rows,
        outcome.unexpected_rows,
        message,
    )


def could_not_run(expectation_id: str, table: str, why: str) -> Result:
    """The result that blocks because a check, or the whole gate, could not run."""
    return Result(
        expectation_id, table, "The gate can run.", "error",
        None, None, None, None, None, None, None, why,
    )  # fmt: skip


def _observed(outcome: Outcome, rule: GateRule) -> float | None:
    if rule.unit != "share" or outcome.unexpected_rows is None:
        return outcome.observed
    return (
        outcome.unexpected_rows / outcome.evaluated_rows
        if outcome.evaluated_rows
        else (1.0 if outcome.unexpected_rows else 0.0)
    )


def _decide(outcome: Outcome, rule: GateRule) -> tuple[Status, str | None]:
    if outcome.error:
        return "error", outcome.error
    if rule.level == "quarantine" and not (outcome.has_rows and rule.unit == "share"):
        return "error", (
            f"expected level block or warn for {outcome.expectation_id}, which names no rows; "
            "edit gate_rules.csv"
        )
    if outcome.is_met:
        return "passed", None
    observed = _observed(outcome, rule)
    is_over = rule.unit != "share" or (observed is not None and observed > rule.limit_value)
    if rule.level == "warn":
        return ("warned", _message(outcome, rule, observed)) if is_over else ("passed", None)
    if is_over:
        return "blocked", _message(outcome, rule, observed)
    within: Status = "quarantined" if rule.level == "quarantine" else "warned"
    return within, _message(outcome, rule, observed)


def _message(outcome: Outcome, rule: GateRule, observed: float | None) -> str:
    if rule.unit == "share":
        return (
            f"{outcome.title} {outcome.unexpected_rows} of {outcome.evaluated_rows} rows do not "
            f"({observed or 0:.2%}, limit {rule.limit_value:.2%})."
        )
    got = "nothing" if observed is None else f"{observed:.6g}"
    return f"{outcome.title} Got {got} {rule.unit} (limit {rule.limit_value:g})."


def by_status(results: Sequence[Result]) -> dict[Status, int]:
    """How many results ended in each status, worst first."""
    return {
        status: count
        for status in reversed(_ORDER)
        if (count := sum(result.status == status for result in results))
    }
