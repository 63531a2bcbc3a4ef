"""A company with holdouts, from its exports to lift, against what the simulator knows was caused.

One month in which everyone held out of paid search saw none of it: then what paid search caused is
what the experiment measures. The company sells more and paid search does more than usual, because
an ordinary holdout of this size is too small to show anything.
"""

import csv
import dataclasses
import json
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from simulator.rates import CHANNELS, MEDIA, RATES
from simulator.simulate import simulate

SEED = 1
TESTED = {"paid_search", "paid_social"}  # those of the first month
BUSY = dataclasses.replace(RATES, self_serve_per_person_year=6.0, sessions_per_person_year=6.0)
STRONG = dataclasses.replace(
    MEDIA,
    effect=tuple(
        3.0 if name == "paid_search" else effect
        for name, effect in zip(CHANNELS, MEDIA.effect, strict=True)
    ),
)
Record = tuple[str, str, str]


@dataclasses.dataclass(frozen=True)
class Measured:
    """What the simulator wrote, what the command said, and what the marts hold."""

    truth: Path
    said: dict[str, Any]
    people: dict[Record, str]
    lift: dict[tuple[str, str], dict[str, Any]]
    calibration: list[dict[str, Any]]

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.truth / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def measured(crashes: Any, run_onefold: Any, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Exports to people, the assignments by the command line, and the marts after them."""
    print(f"seed {SEED}")
    world = tmp_path_factory.mktemp("holdouts")
    simulate(3_000, 1, SEED, world, holdouts=True, rates=BUSY, media=STRONG)
    home = world / "home"
    home.mkdir()
    (world / "exports").rename(home / "landing")
    crashes.run(home, None, "ingest", "marts")
    file = world / "truth" / "holdout_assignments.csv"
    loaded = run_onefold(["attribution", "holdouts", str(file), "--json"], home)
    assert loaded.returncode == 0, loaded.stderr
    crashes.run(home, None, "marts", "gate_marts")
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        records = con.execute("from identity.person_records").fetchall()
        lift = con.execute("from marts.lift_results").to_arrow_table().to_pylist()
        calibration = con.execute("from marts.attribution_calibration").to_arrow_table().to_pylist()
    return Measured(
        world / "truth", json.loads(loaded.stdout),
        {(source, kind, key): person for source, kind, key, person in records},
        {(row["channel"], row["conversion_type"]): row for row in lift}, calibration,
    )  # fmt: skip


def test_assignments_are_those_of_the_simulator(measured: Measured) -> None:
    arm = {(row["channel"], row["person"]): row["arm"] for row in measured.rows("holdouts.csv")}
    owner = {
        (row["source"], row["record_type"], row["record_id"]): row["person"]
        for row in measured.rows("records.csv")
        if row["person"] != "nobody" and row["record_type"] != "form_submission"
    }
    lines, assigned = measured.rows("holdout_assignments.csv"), Counter[str]()
    arms: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in lines:
        record = (row["source"], row["record_type"], row["record_id"])
        assert row["arm"] == arm[row["channel"], owner[record]]
        assigned[row["channel"]] += 1
        if record in measured.people:
            arms[row["channel"], measured.people[record]].add(row["arm"])
    assert assigned == dict.fromkeys(TESTED, len(owner))
    said = measured.said
    assert said["rows_in"] == len(lines) == said["rows_loaded"] + said["rows_rejected"]
    assert said["rows_rejected"] < 0.01 * len(lines)
    assert said["in_both_arms"] == sum(len(of_one) == 2 for of_one in arms.values())
    assert said["in_both_arms"] < 0.02 * len(arms)
    for name in ("treatment", "holdout"):
        people = Counter(channel for (channel, _), of_one in arms.items() if of_one == {name})
        assert said["people"][name] == people.total() > 500
        for channel in TESTED:
            for kind in ("lead_created", "closed_won"):
                assert measured.lift[channel, kind][f"{name}_people"] == people[channel]


def test_lift_of_sales_contains_what_the_channel_caused(measured: Measured) -> None:
    """Sales caused in the arm that saw the channel: measured, and twice from the truth.

    The interval is over people; whole companies share an arm, so it is widened by the root of the
    design effect, as docs/attribution.md says.
    """
    arm = {(row["channel"], row["person"]): row["arm"] for row in measured.rows("holdouts.csv")}
    for channel in sorted(TESTED):
        lift = measured.lift[channel, "closed_won"]
        found = lift["incremental_conversions"]
        reach = lift["incremental_conversions_high"] - found
        reach *= math.sqrt(max(1, lift["design_effect"]))
        caused = _difference(measured, "channel_incrementality.csv", channel, "", "_without")
        everyone = _difference(measured, "holdout_effects.csv", channel, "_treatment", "_holdout")
        share = Counter(a for (name, _), a in arm.items() if name == channel)
        of_arm = everyone * share["treatment"] / share.total()
        print(f"{channel}: {found:.1f} +- {reach:.1f}, caused {caused}, of the arm {of_arm:.1f}")
        assert found - reach <= caused <= found + reach
        assert found - reach <= of_arm <= found + reach
        if channel == "paid_search":
            assert caused > 15
            assert found - reach > 0  # so that arms that were confused cannot pass


def _difference(measured: Measured, name: str, channel: str, real: str, other: str) -> int:
    """Sales of one world less those of the other, over months and currencies."""
    chosen = [row for row in measured.rows(name) if row["channel"] == channel]
    assert chosen
    return sum(int(row[f"conversions{real}"]) - int(row[f"conversions{other}"]) for row in chosen)


def test_models_stand_beside_what_was_measured(measured: Measured) -> None:
    rows = [
        row for row in measured.calibration
        if (row["channel"], row["conversion_type"]) == ("paid_search", "closed_won")
    ]  # fmt: skip
    lift = measured.lift["paid_search", "closed_won"]
    scale = 1 + lift["holdout_people"] / lift["treatment_people"]
    assert len(rows) == 10
    for row in rows:
        assert row["measured_conversions"] == pytest.approx(lift["incremental_conversions"] * scale)
        assert 0 < row["credited_conversions"] < lift["treatment_conversions"] * scale
        factor = row["measured_conversions"] / row["credited_conversions"]
        assert row["conversions_factor"] == pytest.approx(factor)
        print(f"{row['model']}: {row['credited_conversions']:.1f}, factor {factor:.2f}")
    untested = {r["channel"] for r in measured.calibration if not r["experiments"]}
    assert "email" in untested
