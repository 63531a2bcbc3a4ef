"""Credit by role: each rule model's weights times those of the roles, over their sum."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from attribution.commands import register
from tests.dbt_project.marts.conftest import MODELS, SEEDS, UPSTREAM
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.errors import DbtFailed

SEED = 20261110
START = datetime(2026, 1, 1, 8)
AS_OF = {"as_of": "2026-06-30 00:00:00"}
MODEL_NAMES = ("first_touch", "last_touch", "last_non_direct", "linear", "u_shaped", "w_shaped",
               "full_path", "time_decay")  # fmt: skip
# What a touch weighs by the role written in the CRM; the rules are replaced by these.
WEIGHTS = {"Decision Maker": 3.0, "Evaluator": 1.5, "Other": 0.5, "(no role)": 1.0}
WRITTEN = {"Decision Maker": 3.0, "evaluator ": 1.5, "Blocker": 0.5, None: 1.0}

Rows = list[dict[str, Any]]


class World:
    """Deals of several people with touches; what role each person has."""

    def __init__(self) -> None:
        self.tables: dict[str, Rows] = {name: [] for name in UPSTREAM}
        self.weight: dict[tuple[str, str], float] = {}

    def touch(self, person: str, at: datetime, consent: bool = True) -> None:
        key = f"e{len(self.tables['staging.stg_web_events__pages']):04}"
        self.tables["identity.identifiers"].append(
            {"id_type": "anonymous_id", "id_value": key, "person_id": person}
        )
        self.tables["staging.stg_web_events__pages"].append({
            "web_event_id": key, "anonymous_id": key, "occurred_at": at,
            "page_host": "shop.example", "page_url": "https://shop.example/x",
            "has_analytics_consent": consent,
        })  # fmt: skip

    def deal(self, key: str, roles: dict[str, str | None], amount: str, refunds: str = "") -> None:
        self.tables["staging.stg_salesforce__opportunities"].append({
            "salesforce_opportunity_id": key, "opportunity_type": "Refund" if refunds else "New",
            "original_opportunity_id": refunds or None, "currency": "USD", "amount_local": amount,
            "is_won": True, "is_closed": True, "created_at": START + timedelta(days=40),
            "close_date": (START + timedelta(days=80 if refunds else 60)).date(),
        })  # fmt: skip
        for person, role in roles.items():
            self.tables["staging.stg_salesforce__opportunity_contact_roles"].append(
                {"salesforce_opportunity_id": key, "salesforce_contact_id": f"003{person}"}
            )
            if role:
                self.tables["marts.int_buying_groups__members"].append({
                    "salesforce_opportunity_id": key, "person_id": person, "role": role,
                    "basis": "contact_role",
                })  # fmt: skip
            self.weight[f"closed_won:{key}", person] = WRITTEN[role]

    def people(self) -> None:
        for person in {person for _, person in self.weight}:
            self.tables["marts.dim_people"].append({"person_id": person})
            self.tables["identity.person_records"].append(
                {"source": "salesforce", "record_type": "contact", "record_id": f"003{person}",
                 "person_id": person}
            )  # fmt: skip


def make_world() -> World:
    world, rng = World(), random.Random(SEED)
    for number in range(40):
        people = {f"p{number}-{i}": rng.choice(list(WRITTEN)) for i in range(rng.randint(1, 4))}
        world.deal(f"d{number}", people, rng.choice(["0", "0.05", "99.99", "1234567.89"]))
        for _ in range(rng.choice([0, 1, 2, 3, 8])):
            at = START + timedelta(seconds=rng.randint(0, 60 * 86400))
            world.touch(rng.choice(sorted(people)), at)
    both: dict[str, str | None] = {"boss": "Decision Maker", "user": None}
    world.deal("sale", both, "100.01")
    world.deal("back", both, "-100.01", refunds="sale")
    world.touch("boss", START)
    world.touch("user", START + timedelta(days=1))
    world.deal("secret", {"seen": None, "unseen": "Decision Maker"}, "8.00")
    world.touch("seen", START)
    world.touch("unseen", START, consent=False)
    world.people()
    return world


def weights(query: Any) -> dict[str, Rows]:
    by_conversion = defaultdict(list)
    for row in query("from marts.conversion_touches order by conversion_id, touch_number"):
        by_conversion[row["conversion_id"]].append(row)
    return by_conversion


@pytest.fixture(scope="module")
def world(module_home: Path, warehouse_with: Any) -> World:
    print(f"seed {SEED}")
    world = make_world()
    warehouse_with({name: (cols, world.tables[name]) for name, cols in UPSTREAM.items()})
    build(f"{SEEDS} {MODELS}", vars=AS_OF)
    return world


@pytest.fixture(scope="module")
def by_touch(world: World, query: Any) -> dict[str, Rows]:
    """The weights as shipped."""
    shipped = query("select distinct role, role_weight from marts.int_attribution__people")
    assert shipped == [{"role": None, "role_weight": 1}]
    return weights(query)


@pytest.fixture(scope="module")
def by_role(world: World, by_touch: Any, query: Any) -> dict[str, Rows]:
    """The weights once sales are credited by role."""
    with connect("test set-up") as con:
        con.execute("update rules.conversion_types set credited_by = 'role' "
                    "where conversion_type = 'closed_won'")  # fmt: skip
    build("marts.attribution", vars=AS_OF)
    with connect("test set-up") as con:  # the weights alone are reason enough to credit anew
        con.execute("delete from rules.role_weights")
        con.executemany("insert into rules.role_weights values (?, ?, null)", [*WEIGHTS.items()])
    build("marts.attribution", vars=AS_OF)
    return weights(query)


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_weights_are_those_by_touch_times_the_role_over_their_sum(
    model: str, world: World, by_touch: dict[str, Rows], by_role: dict[str, Rows]
) -> None:
    column, moved = f"{model}_weight", 0
    assert by_role.keys() == by_touch.keys()
    for conversion, rows in by_role.items():
        before = [row[column] for row in by_touch[conversion]]
        if any(row["touch_id"].startswith("(") for row in rows):
            continue  # a row of nobody in particular
        expected, sale = before, "closed_won:sale" if conversion == "refund:back" else conversion
        if sale.startswith("closed_won:"):
            roles = [world.weight[sale, row["person_id"]] for row in rows]
            scored = [weight * role for weight, role in zip(before, roles, strict=True)]
            expected = [score / sum(scored) for score in scored]
        assert [row[column] for row in rows] == pytest.approx(expected), conversion
        assert sum(row[column] for row in rows) == pytest.approx(1)
        moved += expected != pytest.approx(before)
    assert moved > 5 or model in ("first_touch", "last_touch", "last_non_direct")


def test_a_decision_maker_has_three_quarters_beside_somebody_without_a_role(
    by_role: Any, query: Any
) -> None:
    """The sale and its refund, to the cent; the opportunity stays by touch."""
    found = {
        (row["conversion_id"], row["person_id"]): (row["weight"], row["revenue_usd"])
        for row in query("from marts.fct_attributed_conversions where model = 'linear'")
    }
    assert found["closed_won:sale", "boss"] == (0.75, Decimal("75.01"))
    assert found["closed_won:sale", "user"] == (0.25, Decimal("25.00"))
    assert found["refund:back", "boss"] == (0.75, Decimal("-75.01"))
    assert found["opportunity_created:sale", "boss"][0] == 0.5


def test_touches_without_consent_keep_the_weight_of_their_role(by_role: Any) -> None:
    rows = by_role["closed_won:secret"]
    assert {row["channel"]: row["linear_weight"] for row in rows} == {
        "direct": 0.25, "(consent withheld)": 0.75,
    }  # fmt: skip


def test_explain_says_what_each_person_weighs(by_role: Any) -> None:
    app = typer.Typer()
    register(app)
    shown = CliRunner().invoke(app, ["attribution", "explain", "closed_won:sale"]).stdout
    (group,) = (line for line in shown.splitlines() if line.startswith("group"))
    assert "boss (main, Decision Maker, weighs 3)" in group
    assert "user (no role, weighs 1)" in group


def test_each_role_has_its_row_or_that_of_other(world: World, by_role: Any, query: Any) -> None:
    found = {
        (row["conversion_id"], row["person_id"]): row["role_weight"]
        for row in query("from marts.int_attribution__people")
        if row["conversion_id"].startswith("closed_won:")
    }
    assert set(found.values()) == set(WEIGHTS.values())
    sales = {key: weight for key, weight in world.weight.items() if key[0] != "closed_won:back"}
    assert found == sales


@pytest.mark.parametrize(
    "broken",
    [
        "update rules.role_weights set weight = 0 where role = 'Evaluator'",
        "delete from rules.role_weights where role = '(no role)'",
        "insert into rules.role_weights values ('evaluator', 2, null)",
    ],
)
def test_role_weights_that_cannot_be_applied_fail(broken: str, by_role: Any) -> None:
    with connect("test set-up") as con:
        con.execute("create or replace table main.kept as from rules.role_weights")
        con.execute(broken)
    try:
        with pytest.raises(DbtFailed, match="assert_attribution_rules_are_whole"):
            build("assert_attribution_rules_are_whole", command="test")
    finally:
        with connect("test set-up") as con:
            con.execute("create or replace table rules.role_weights as from main.kept")
