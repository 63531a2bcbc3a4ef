"""Who shares a conversion and how: the sample under other rules, against a plain loop."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import PROJECT_ROOT

Covered = Callable[[str], None]
Row = dict[str, Any]

ROLES = PROJECT_ROOT / "seeds" / "exports" / "salesforce" / "OpportunityContactRole.csv"
MILESTONES = {
    "first": "first_weight",
    "last": "last_weight",
    "last_non_direct": "last_non_direct_weight",
    "lead": "lead_weight",
    "opportunity": "opportunity_weight",
    "won": "won_weight",
}
# Touches known by their day only have moments in common, and ages in whole seconds. The window of a
# sale reaches as far as some touch, that of an opportunity one second less far than another.
SALE_WINDOW, OPPORTUNITY_WINDOW = 40 * 86_400 + 86_399, 30 * 86_400 - 1
RULES = f"""
    update marts.fct_touches set touched_at = date_trunc('day', touched_at);
    update marts.fct_conversions
    set converted_at = date_trunc('day', converted_at)
    where conversion_type = 'opportunity_created';
    update marts.int_conversions__opportunities
    set opportunity_created_at = date_trunc('day', opportunity_created_at);
    update rules.conversion_types set lookback_seconds = {SALE_WINDOW}, credited_by = 'role'
    where conversion_type = 'closed_won';
    update rules.conversion_types set lookback_seconds = {OPPORTUNITY_WINDOW}
    where conversion_type = 'opportunity_created';
    update rules.attribution_models set half_life_seconds = 86400 where model = 'time_decay';
    update rules.attribution_models
    set first_weight = 0.1, lead_weight = 0.2, opportunity_weight = 0.4, other_weight = 0.3
    where model = 'w_shaped';
"""


class Warehouse:
    """The tables that credit is made of, and what a plain loop makes of them."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        def rows(sql: str) -> list[Row]:
            cursor = con.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        self.conversions = {row["conversion_id"]: row for row in rows("from marts.fct_conversions")}
        self.types = {row["conversion_type"]: row for row in rows("from rules.conversion_types")}
        self.models = {row["model"]: row for row in rows("from rules.attribution_models")}
        self.role_weights = {
            row["role"].lower(): row["weight"] for row in rows("from rules.role_weights")
        }
        self.persons = {
            row["record_id"]: row["person_id"]
            for row in rows("from identity.person_records where source = 'salesforce'")
        }
        self.groups: dict[str, set[str]] = defaultdict(set)
        for row in rows("from marts.int_attribution__people"):
            self.groups[row["conversion_id"]].add(row["person_id"])
        self.touches: dict[str, list[Row]] = defaultdict(list)
        for row in rows("from marts.fct_touches where person_id is not null"):
            self.touches[row["person_id"]].append(row)
        self.credits: dict[str, list[Row]] = defaultdict(list)
        for row in rows("from marts.conversion_touches order by touch_number"):
            self.credits[row["conversion_id"]].append(row)
        assert self.credits

    def journey(self, conversion: str) -> list[Row]:
        """Eligible touches in their order."""
        at = self.conversions[conversion]["converted_at"]
        window = timedelta(seconds=self.window(conversion))
        found = [
            touch
            for person in self.groups[conversion]
            for touch in self.touches[person]
            if at - window <= touch["touched_at"] <= at
        ]
        return sorted(found, key=lambda t: (t["touched_at"], t["source_priority"], t["touch_id"]))

    def window(self, conversion: str) -> int:
        kind = self.conversions[conversion]["conversion_type"]
        return int(self.types[kind]["lookback_seconds"])

    def moments(self, conversion: str) -> dict[str, datetime | None]:
        """When the group's first lead and the opportunity were created, and it was won."""
        row = self.conversions[conversion]
        opportunity = row["salesforce_opportunity_id"]
        leads = [
            other["converted_at"]
            for other in self.conversions.values()
            if other["conversion_type"] == "lead_created"
            and other["person_id"] in self.groups[conversion]
        ]
        created = self.conversions.get(f"opportunity_created:{opportunity}")
        won = row["converted_at"] if row["conversion_type"] == "closed_won" else None
        found = {
            "lead": min(leads, default=None),
            "opportunity": created["converted_at"] if created else None,
            "won": won,
        }
        return {name: at if at and at <= row["converted_at"] else None
                for name, at in found.items()}  # fmt: skip

    def weights(self, conversion: str, journey: list[Row], model: str) -> list[float]:
        """By touch, from the model's row."""
        rule, last = self.models[model], journey[-1]["touched_at"]
        if rule["half_life_seconds"]:
            ages = [(last - touch["touched_at"]).total_seconds() for touch in journey]
            score = [2 ** (-age / rule["half_life_seconds"]) for age in ages]
            return [s / sum(score) for s in score]
        direct = [touch["channel"] == "direct" for touch in journey]
        others = [place for place, is_direct in enumerate(direct) if not is_direct]
        places: dict[str, int | None] = {
            "first": 0,
            "last": len(journey) - 1,
            "last_non_direct": others[-1] if others else len(journey) - 1,
        }
        for name, at in self.moments(conversion).items():
            before = [n for n, touch in enumerate(journey) if at and touch["touched_at"] <= at]
            places[name] = before[-1] if before else None
        score = [0.0] * len(journey)
        for name, column in MILESTONES.items():
            place = places[name]
            if place is not None:
                score[place] += rule[column]
        rest = [n for n, s in enumerate(score) if not s]
        left = rule["other_weight"] if rest else 0
        if not any(score):
            return [1 / len(journey)] * len(journey)
        return [(1 - left) * s / sum(score) if s else left / len(rest) for s in score]


@pytest.fixture(scope="module")
def sample(sample_run: Any) -> Warehouse:
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as con:
        return Warehouse(con)


@pytest.fixture(scope="module")
def changed(sample_copy: Any) -> Iterator[Warehouse]:
    """The sample under RULES."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(sample_copy.home))
        with connect("test set-up") as con:
            con.execute(RULES)
        build("marts.attribution", vars={"as_of": sample_copy.summary["as_of"]})
        with connect("test", read_only=True) as con:
            yield Warehouse(con)


def test_lookback_is_of_each_type_in_seconds_and_inclusive(
    changed: Warehouse, covered: Covered
) -> None:
    ages = Counter[tuple[str, int]]()
    for conversion, row in changed.conversions.items():
        if row["credit_conversion_id"] != conversion:
            continue
        journey, credits = changed.journey(conversion), changed.credits[conversion]
        hidden = {touch["touch_id"] for touch in journey if not touch["is_consented"]}
        shown = {credit["touch_id"] for credit in credits if credit["touch_id"][0] != "("}
        assert shown == {touch["touch_id"] for touch in journey} - hidden, conversion
        assert {credit["touch_count"] for credit in credits} == {len(journey)}
        for person in changed.groups[conversion]:
            for touch in changed.touches[person]:
                age = (row["converted_at"] - touch["touched_at"]).total_seconds()
                ages[row["conversion_type"], int(age - changed.window(conversion))] += 1
    within, beyond = ages["closed_won", 0], ages["opportunity_created", 1]
    assert min(within, beyond) > 0
    covered(f"{within} touches as old as the window of their sale in, {beyond} a second older than "
            "that of their opportunity out")  # fmt: skip


def test_touches_of_one_moment_have_one_order(changed: Warehouse, covered: Covered) -> None:
    ties = 0
    for conversion, credits in changed.credits.items():
        journey = changed.journey(changed.conversions[conversion]["credit_conversion_id"])
        place = {touch["touch_id"]: n for n, touch in enumerate(journey, start=1)}
        shown = [credit for credit in credits if credit["touch_id"] in place]
        assert [credit["touch_number"] for credit in shown] == [
            place[credit["touch_id"]] for credit in shown
        ]
        moments = Counter(credit["touched_at"] for credit in shown)
        ties += sum(count > 1 for count in moments.values())
    covered(f"{ties} moments of several touches")


def test_a_person_converts_often_and_a_touch_counts_each_time(
    sample: Warehouse, covered: Covered
) -> None:
    own = [key for key, row in sample.conversions.items() if row["credit_conversion_id"] == key]
    credited = Counter(touch["touch_id"] for key in own for touch in sample.journey(key)
                       if touch["is_consented"])  # fmt: skip
    found = Counter(credit["touch_id"] for key in own for credit in sample.credits[key]
                    if credit["touch_id"][0] != "(")  # fmt: skip
    assert found == credited
    people = Counter(sample.conversions[key]["person_id"] for key in own)
    covered(f"{sum(count > 1 for count in people.values())} people with up to "
            f"{max(people.values())} conversions, {sum(n > 1 for n in found.values()):,} touches "
            f"in up to {max(found.values())}")  # fmt: skip


def test_weights_half_life_and_milestones_are_rows(changed: Warehouse, covered: Covered) -> None:
    journeys, without = 0, 0
    for conversion, row in changed.conversions.items():
        journey = changed.journey(conversion)
        if row["conversion_type"] == "closed_won" or not journey:
            continue
        journeys += 1
        without += changed.moments(conversion)["lead"] is None
        for model in changed.models:
            weights = changed.weights(conversion, journey, model)
            assert _credited(changed, conversion, model) == pytest.approx(
                _shown(journey, weights)
            ), (conversion, model)
    covered(f"{journeys} journeys in {len(changed.models)} models, {without} without a lead")


def test_a_buying_group_is_credited_by_role_weight(changed: Warehouse, covered: Covered) -> None:
    """Roles are read from the export itself; of several the primary one, then the oldest."""
    roles: dict[tuple[str, str], str] = {}
    lines = list(csv.DictReader(ROLES.open(encoding="utf-8")))
    lines.sort(key=lambda line: (line["IsPrimary"] != "true", line["CreatedDate"], line["Role"]))
    for line in lines:
        person = changed.persons.get(line["ContactId"])
        if person and line["IsDeleted"] == "false":
            roles.setdefault((line["OpportunityId"], person), line["Role"])
    sales, moved = 0, 0
    for conversion, row in changed.conversions.items():
        journey = changed.journey(conversion)
        if row["conversion_type"] != "closed_won" or not journey:
            continue
        sales += 1
        deal = row["salesforce_opportunity_id"]
        role = [
            changed.role_weights[(roles.get((deal, touch["person_id"])) or "(no role)").lower()]
            for touch in journey
        ]
        for model in changed.models:
            by_touch = changed.weights(conversion, journey, model)
            score = [weight * factor for weight, factor in zip(by_touch, role, strict=True)]
            expected = _shown(journey, [s / sum(score) for s in score])
            assert _credited(changed, conversion, model) == pytest.approx(expected)
            cents = [credit[f"{model}_revenue_usd"] for credit in changed.credits[conversion]]
            assert sum(cents, Decimal(0)) == row["revenue_usd"]
        moved += len(set(role)) > 1
    covered(f"{sales} sales, {moved} of them with touches of several role weights")


def _shown(journey: list[Row], weights: list[float]) -> dict[str, float]:
    """{touch or label: weight}, withheld touches together."""
    found: dict[str, float] = defaultdict(float)
    for touch, weight in zip(journey, weights, strict=True):
        found[touch["touch_id"] if touch["is_consented"] else "(consent withheld)"] += weight
    return dict(found)


def _credited(warehouse: Warehouse, conversion: str, model: str) -> dict[str, float]:
    return {c["touch_id"]: c[f"{model}_weight"] for c in warehouse.credits[conversion]}
