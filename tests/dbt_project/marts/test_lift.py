"""Lift and calibration against a plain loop over what was put in, and SciPy's own intervals."""

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from scipy.stats.contingency import relative_risk

from attribution.calibration import Experiments, level
from tests.dbt_project.marts.experiments import (
    EXAMPLE,
    FOLLOW_UP,
    PAUSES,
    PERIODS,
    SEED,
    World,
    invented,
)

Query = Callable[[str], list[dict[str, Any]]]

Z = 1.959963984540054


@pytest.fixture(scope="module")
def world(module_home: Path, marts: Callable[..., None]) -> World:
    """Random experiments and the worked example, built."""
    print(f"seed {SEED}")
    world = invented()
    marts(world.tables)
    return world


def results(query: Query) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Rows of lift_results by their key."""
    found = query("from marts.lift_results")
    return {(row["experiment"], row["channel"], row["conversion_type"]): row for row in found}


def test_the_worked_example(world: World, query: Query) -> None:
    row, expected = results(query)["null", "paid_search", "lead_created"], EXAMPLE["expected"]
    pairs = {
        "treatment_rate": expected["rate_t"],
        "holdout_rate": expected["rate_c"],
        "incremental_conversions": expected["incremental"],
        "rate_difference": expected["diff"],
        "relative_lift": expected["rel_lift"],
        "z_score": expected["z_pooled"],
        "p_value": expected["p_two_sided"],
    }
    for name, (low, high) in {
        "rate_difference_wald": expected["diff_ci_wald"],
        "rate_difference_newcombe": expected["diff_ci_newcombe"],
        "incremental_conversions": expected["incremental_ci"],
        "relative_lift": expected["rel_lift_ci_log"],
    }.items():
        pairs |= {f"{name}_low": low, f"{name}_high": high}
    assert {name: row[name] for name in pairs} == pytest.approx(pairs, abs=1e-12)
    assert row["design_effect"] == pytest.approx(1)  # nobody has a company


def test_arms_count_what_a_plain_loop_counts(world: World, query: Query) -> None:
    found = results(query)
    assert set(found) == {(*key, kind) for key in PERIODS for kind in FOLLOW_UP}
    for (*key, kind), row in found.items():
        name = (key[0], key[1])
        for arm in ("treatment", "holdout"):
            seen = world.counted(name, arm, kind)
            assert row[f"{arm}_people"] == len(world.people(name, arm))
            assert row[f"{arm}_conversions"] == len(seen)
            assert row[f"{arm}_converters"] == len({one.person for one in seen})
            assert row[f"{arm}_revenue_usd"] == sum(one.usd or 0 for one in seen)
            unvalued = sum(one.usd is None for one in seen)
            assert row[f"{arm}_unvalued_conversions"] == unvalued
        assert row["counted_until"] == row["ends_at"] + FOLLOW_UP[kind]
        assert row["is_complete"] == (name != ("too young", "referral"))
        assert row["people_in_both_arms"] == (1 if name == ("autumn", "email") else 0)
    sales = found["autumn", "paid_social", "closed_won"]
    assert sales["treatment_conversions"] > sales["treatment_converters"] > 10
    assert sales["treatment_unvalued_conversions"] > 0
    assert found["autumn", "paid_social", "refund"]["treatment_conversions"] > 0


def test_edges_of_the_window_and_merges(world: World, query: Query) -> None:
    counted = {
        row["person_id"]
        for row in query(
            "from marts.int_lift__conversions where experiment = 'autumn' and channel = 'email'"
            " and conversion_type = 'lead_created'"
        )
    }
    assert {"first", "last", "merged"} <= counted
    assert not counted & {"before", "after", "mixed"}


def test_intervals_and_tests_equal_scipy(world: World, query: Query) -> None:
    compared = 0
    for row in results(query).values():
        x, n = row["treatment_converters"], row["treatment_people"]
        y, m = row["holdout_converters"], row["holdout_people"]
        if not (x and y):
            continue
        compared += 1
        p, q = x / n, y / m
        (l1, u1), (l2, u2) = (
            binomtest(k, size).proportion_ci(0.95, "wilson") for k, size in ((x, n), (y, m))
        )
        ratio = relative_risk(x, n, y, m)
        low, high = ratio.confidence_interval(0.95)
        wald = Z * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
        pooled = (x + y) / (n + m)
        z = (p - q) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        expected = {
            "rate_difference": p - q,
            "rate_difference_wald_low": p - q - wald,
            "rate_difference_wald_high": p - q + wald,
            "rate_difference_newcombe_low": p - q - math.hypot(p - l1, u2 - q),
            "rate_difference_newcombe_high": p - q + math.hypot(u1 - p, q - l2),
            "relative_lift": ratio.relative_risk - 1,
            "relative_lift_low": low - 1,
            "relative_lift_high": high - 1,
            "z_score": z,
            "p_value": 2 * norm.sf(abs(z)),
        }
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-9)
    assert compared > 10


def _values(world: World, key: tuple[str, str], arm: str, kind: str) -> tuple[Any, Any, Any]:
    """Per person: conversions, revenue, company. Who did nothing is there with noughts."""
    people = sorted(world.people(key, arm))
    seen = world.counted(key, arm, kind)
    counts = np.array([sum(one.person == person for one in seen) for person in people], float)
    money = np.array(
        [float(sum(one.usd or 0 for one in seen if one.person == person)) for person in people]
    )
    return counts, money, [world.account[person] or person for person in people]


def _clustered(did: Any, unit: list[str]) -> float:
    """Variance of a mean: squared sums of deviations by company."""
    sums: dict[str, float] = defaultdict(float)
    for value, company in zip(did - did.mean(), unit, strict=True):
        sums[company] += value
    return sum(value**2 for value in sums.values()) / len(did) ** 2


def test_what_the_channel_caused(world: World, query: Query) -> None:
    found = results(query)
    for key, kind in (
        (("autumn", "email"), "lead_created"), (("winter", "email"), "closed_won"),
        (("autumn", "paid_social"), "closed_won"), (("autumn", "paid_social"), "refund"),
    ):  # fmt: skip
        row = found[(*key, kind)]
        counts, money, units = _values(world, key, "treatment", kind)
        held_counts, held_money, held_units = _values(world, key, "holdout", kind)
        for name, did, held in (
            ("incremental_conversions", counts, held_counts),
            ("incremental_revenue_usd", money, held_money),
        ):
            more = len(did) * (did.mean() - held.mean())
            reach = Z * len(did) * math.sqrt(did.var() / len(did) + held.var() / len(held))
            assert row[name] == pytest.approx(more, abs=1e-6)
            assert row[f"{name}_low"] == pytest.approx(more - reach)
            assert row[f"{name}_high"] == pytest.approx(more + reach)
        did, held = counts > 0, held_counts > 0
        people = did.var() / len(did) + held.var() / len(held)
        companies = _clustered(did, units) + _clustered(held, held_units)
        assert row["design_effect"] == pytest.approx(companies / people)
    sales = found["autumn", "paid_social", "closed_won"]
    assert sales["design_effect"] != pytest.approx(1, abs=0.01)
    assert sales["spend_usd"] == 230  # neither the day before nor the day after
    paused = found["with a pause", "paid_social", "closed_won"]
    assert paused["spend_usd"] == 204  # the first day of each period, none of the pause
    for end in ("", "_low", "_high"):
        assert sales[f"iroas{end}"] == pytest.approx(sales[f"incremental_revenue_usd{end}"] / 230)


def test_nothing_to_divide_by_is_null(world: World, query: Query) -> None:
    found = results(query)
    alone = found["one arm", "display", "lead_created"]
    assert alone["treatment_converters"] > 0 == alone["holdout_people"]
    empty = {name for name, value in alone.items() if value is None}
    assert {
        "holdout_rate", "rate_difference", "rate_difference_newcombe_low", "relative_lift",
        "z_score", "p_value", "incremental_conversions", "incremental_revenue_usd", "iroas",
        "incremental_conversions_low", "incremental_revenue_usd_high", "design_effect",
    } <= empty  # fmt: skip
    none = found["null", "paid_search", "mql"]
    assert none["rate_difference"] == none["incremental_conversions"] == 0
    assert none["rate_difference_newcombe_high"] > 0
    for name in ("relative_lift", "relative_lift_low", "z_score", "p_value", "iroas"):
        assert none[name] is None, name


def test_complete_experiments_set_the_level_of_the_data_driven_models(
    world: World, query: Query
) -> None:
    """Their linear credit by a plain loop, and the level as calibration.py has it."""
    credits = query(
        "select credits.*, touches.touched_at from marts.fct_attributed_conversions as credits "
        "left join marts.fct_touches as touches using (touch_id) where model = 'linear'"
    )
    expected: dict[str, list[tuple[str, float, float, float]]] = defaultdict(list)
    for (experiment, channel, kind), lift in results(query).items():
        seen = world.counted((experiment, channel), "treatment", kind)
        ids = {one.conversion_id for one in seen}
        of_arm = [credit for credit in credits if credit["conversion_id"] in ids]
        if not of_arm or not lift["is_complete"] or lift["incremental_conversions"] is None:
            continue
        half = lift["incremental_conversions_high"] - lift["incremental_conversions"]
        error = half / Z * math.sqrt(max(lift["design_effect"] or 1, 1))
        weight, _ = _credited(of_arm, "linear", kind, (experiment, channel), {})
        expected[kind].append((channel, weight, lift["incremental_conversions"], error))
    columns = ("channel", "linear_credit", "caused", "standard_error")
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in query("from marts.int_attribution__experiments"):
        found[row["conversion_type"]].append(tuple(row[column] for column in columns))
    assert found.keys() == expected.keys() > {"closed_won"}
    for kind, rows in found.items():
        for mine, other in zip(sorted(rows), sorted(expected[kind]), strict=True):
            assert mine[0] == other[0]
            assert mine[1:] == pytest.approx(other[1:], abs=1e-9)
    effects = query("from marts.channel_effects where model = 'shapley'")
    kinds = {row["conversion_type"] for row in effects}
    assert kinds & {kind for kind, rows in expected.items() if any(row[1] for row in rows)}
    for kind in kinds:
        mine = [row for row in effects if row["conversion_type"] == kind]
        names = [row["channel"] for row in mine]
        told = [row for row in expected[kind] if row[0] in names]
        experiments = Experiments(
            np.array([names.index(row[0]) for row in told], np.int64),
            *(np.array([row[place] for row in told], float) for place in (1, 2, 3)),
        )
        effect, linear = (np.array([row[c] for row in mine]) for c in ("effect", "linear_share"))
        expected_level = level(effect, linear, experiments, 0.5)
        assert [row["level"] for row in mine] == pytest.approx([expected_level] * len(mine))


def test_calibration_equals_a_plain_loop(world: World, query: Query) -> None:
    rows = query("from marts.attribution_calibration")
    credits = query(
        "select credits.*, touches.touched_at, split_part(conversion_id, ':', 1) as kind "
        "from marts.fct_attributed_conversions as credits "
        "left join marts.fct_touches as touches using (touch_id)"
    )
    shares = {
        (row["model"], row["conversion_type"], row["channel"]): row["share"]
        for row in query("from marts.channel_effects where is_chosen")
    }
    found = results(query)
    measured = 0
    for row in rows:
        model, channel, kind = row["model"], row["channel"], row["conversion_type"]
        keys = [
            key for key in PERIODS
            if key[1] == channel and found[(*key, kind)]["holdout_people"]
        ]  # fmt: skip
        assert row["experiments"] == len(keys)
        if not keys:
            assert row["measured_conversions"] is row["conversions_factor"] is None
            assert row["credited_conversions"] is row["is_complete"] is None
            continue
        weight = usd = more = more_usd = reach = 0.0
        for key in keys:
            lift = found[(*key, kind)]
            treated = len(world.people(key, "treatment"))
            scale = (treated + len(world.people(key, "holdout"))) / treated
            ids = {seen.conversion_id for seen in world.counted(key, "treatment", kind)}
            of_arm = [credit for credit in credits if credit["conversion_id"] in ids]
            won, money = _credited(of_arm, model, kind, key, shares)
            weight, usd = weight + scale * won, usd + scale * money
            more += scale * lift["incremental_conversions"]
            more_usd += scale * lift["incremental_revenue_usd"]
            half = lift["incremental_conversions_high"] - lift["incremental_conversions"]
            reach += (scale * half) ** 2
        measured += weight > 0
        assert row["credited_conversions"] == pytest.approx(weight)
        assert row["credited_revenue_usd"] == pytest.approx(usd, abs=0.01)
        assert row["measured_conversions"] == pytest.approx(more, abs=1e-9)
        assert row["measured_revenue_usd"] == pytest.approx(more_usd, abs=1e-6)
        assert row["measured_conversions_low"] == pytest.approx(more - math.sqrt(reach))
        factor = more / weight if weight else None
        assert row["conversions_factor"] == (None if factor is None else pytest.approx(factor))
        money_factor = more_usd / usd if usd else None
        assert row["revenue_factor"] == (
            None if money_factor is None else pytest.approx(money_factor)
        )
    assert measured > 20
    assert {row["model"] for row in rows} >= {"first_touch", "time_decay", "markov", "shapley"}


def _credited(
    credits: list[dict[str, Any]], model: str, kind: str, key: tuple[str, str],
    shares: dict[tuple[str, str, str], float],
) -> tuple[float, float]:  # fmt: skip
    """Weight and dollars for touches of the channel while the experiment kept people out of it."""
    starts, ends = PERIODS[key]
    stops, resumes = PAUSES.get(key, (ends, ends))
    is_learned = model in ("markov", "shapley")
    own = [credit for credit in credits if credit["model"] == ("linear" if is_learned else model)]
    tested = [
        credit for credit in own
        if credit["channel"] == key[1] and credit["touched_at"]
        and starts <= credit["touched_at"] < ends
        and not stops <= credit["touched_at"] < resumes
    ]  # fmt: skip
    weight = sum(credit["weight"] for credit in tested)
    if not is_learned:
        return weight, float(sum(credit["revenue_usd"] or 0 for credit in tested))
    touched = [credit for credit in own if credit["channel"] != "(unattributed)"]
    of_channel = sum(credit["weight"] for credit in own if credit["channel"] == key[1])
    share = shares.get((model, "closed_won" if kind == "refund" else kind, key[1]), 0)
    part = share * weight / of_channel if of_channel else 0
    money = float(sum(credit["revenue_usd"] or 0 for credit in touched))
    return part * sum(credit["weight"] for credit in touched), part * money
