"""What each gate expects, as lists of checks. Pure: rules and a clock in, checks out."""

from collections.abc import Callable
from datetime import datetime

from expectations.checks import Check
from expectations.rules import Rules
from expectations.suites import casts, consent, identity, marts, plan, revenue, sources, utm

Suite = Callable[[Rules, datetime], list[Check]]

MARTS_SUITES: tuple[Suite, ...] = (
    sources.checks,
    marts.checks,
    revenue.checks,
    utm.checks,
    consent.checks,
    identity.checks,
    casts.checks,
)


def marts_checks(rules: Rules, as_of: datetime) -> list[Check]:
    """Everything the gate before publishing expects."""
    return [check for suite in MARTS_SUITES for check in suite(rules, as_of)]


def plan_checks(rules: Rules, plan_table: str, where: str) -> list[Check]:
    """Everything the gate before a sync's first call expects of the plan that `where` picks."""
    return plan.checks(rules, plan_table, where)
