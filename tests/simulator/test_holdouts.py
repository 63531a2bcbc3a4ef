"""Holdouts: by chance alone, visible in the exports, and their arms differ by the true effect."""

import calendar
import csv
import dataclasses
import json
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from attribution.holdouts import contradictions, parse
from simulator import holdouts
from simulator.commands import simulate_command
from simulator.decisions import decide, everything
from simulator.incrementality import holdout_worlds
from simulator.people import NONE
from simulator.rates import CHANNELS, MEDIA
from simulator.simulate import simulate
from simulator.world import World, build_world

SMALL = {"people": 3_000, "months": 6, "seed": 13}
SEED = 41
MEDIUMS = {
    "paid_search": {"cpc", "ppc", "paid-search"},
    "paid_social": {"paid_social", "paid-social", "cpc_social", "paidsocial"},
    "email": {"email", "e-mail", "mail"},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("holdouts")
    simulate(out=out, holdouts=True, **SMALL)
    return out


@pytest.fixture(scope="module")
def large() -> World:
    """120,000 people, and paid search strong enough that an experiment can see it."""
    strong = [1.5 if n == "paid_search" else e for n, e in zip(CHANNELS, MEDIA.effect, strict=True)]
    return build_world(
        120_000, 12, SEED, media=dataclasses.replace(MEDIA, effect=tuple(strong)), holdouts=True
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        found = list(csv.DictReader(file))
    assert found
    return found


def arms(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """(channel, month as 2026-06) -> person -> arm."""
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in rows(folder / "truth/holdouts.csv"):
        assert row["person"] not in found[row["channel"], row["month"][:7]]
        found[row["channel"], row["month"][:7]][row["person"]] = row["arm"]
    return found


def test_holdouts_are_off_unless_asked_for(tmp_path: Path, written: Path) -> None:
    simulate(out=tmp_path, **SMALL)
    assert not list(tmp_path.glob("truth/holdout*"))
    assert {p.name for p in written.glob("truth/holdout*")} == {
        "holdouts.csv", "holdout_assignments.csv", "holdout_effects.csv",
    }  # fmt: skip
    lead = "exports/salesforce/Lead.csv"
    assert (tmp_path / lead).read_bytes() != (written / lead).read_bytes()


def test_the_command_line_asks_for_them(tmp_path: Path) -> None:
    simulate_command(people=200, months=2, seed=3, out=tmp_path, holdouts=True)
    assert len(rows(tmp_path / "truth/holdouts.csv")) == 3 * 200  # each channel has one month


def test_everyone_has_an_arm_in_every_month_of_a_test(written: Path) -> None:
    tests = arms(written)
    assert {channel for channel, _ in tests} == {"paid_search", "paid_social", "email"}
    months = {channel: sorted(m for c, m in tests if c == channel) for channel, _ in tests}
    assert months["paid_search"] == ["2026-01", "2026-03", "2026-05"]
    assert months["email"] == ["2026-02", "2026-04", "2026-06"]
    for (channel, _), people in tests.items():
        assert len(people) == SMALL["people"]
        assert people == tests[channel, months[channel][0]]
        share = Counter(people.values())["holdout"] / len(people)
        assert 0.15 < share < 0.45, channel  # big companies make the share of people uneven


def test_assignments_name_every_record_that_can_be_assigned_in_every_month(written: Path) -> None:
    tests = arms(written)
    expected = {
        (f"{channel}_holdout", channel, f"{month}-01",
         f"{month}-{calendar.monthrange(2026, int(month[5:]))[1]}",
         row["source"], row["record_type"], row["record_id"], people[row["person"]])
        for (channel, month), people in tests.items()
        for row in rows(written / "truth/records.csv")
        if row["person"] != "nobody" and row["record_type"] != "form_submission"
    }  # fmt: skip
    lines = rows(written / "truth/holdout_assignments.csv")
    assert {tuple(line.values()) for line in lines} == expected
    assert len(lines) == len(expected) > 9_000
    found, rejected = parse((written / "truth/holdout_assignments.csv").open(encoding="utf-8"))
    contradictions(found)
    assert len(found) == len(lines) and not rejected


def test_no_visit_of_a_held_out_person_reaches_the_exports(written: Path) -> None:
    """From the files alone, but for devices that two people share."""
    world = build_world(**SMALL, holdouts=True)
    host = world.people.device_host
    shared = {f"P{n:07}" for n in np.flatnonzero(host != NONE)}
    shared |= {f"P{n:07}" for n in host[host != NONE]} | {"nobody"}
    owner = {
        r["record_id"]: r["person"] for r in rows(written / "truth/records.csv")
        if r["record_type"] == "visitor"
    }  # fmt: skip
    tests, seen = arms(written), Counter()
    for path in sorted((written / "exports/web_events").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            event = json.loads(line)
            medium = event["context"].get("campaign", {}).get("medium", "").lower()
            person = owner[event["anonymousId"]]
            for channel, names in MEDIUMS.items():
                key = (channel, event["originalTimestamp"][:7])
                if medium in names and person not in shared and key in tests:
                    seen[channel, tests[key][person]] += 1
    print(dict(seen))
    for channel in MEDIUMS:
        assert seen[channel, "treatment"] > 30
        assert seen[channel, "holdout"] == 0


def test_no_email_is_sent_to_a_person_held_out_of_email(written: Path) -> None:
    person = {r["record_id"]: r["person"] for r in rows(written / "truth/records.csv")
              if (r["source"], r["record_type"]) == ("hubspot", "contact")}  # fmt: skip
    owners: dict[str, set[str]] = defaultdict(set)
    for contact in rows(written / "exports/hubspot/contacts.csv"):
        owners[contact["Email"]].add(person[contact["Record ID"]])
    tests, sent = arms(written), Counter()
    for event in rows(written / "exports/hubspot/email_events.csv"):
        month = np.datetime64(int(event["created"]), "ms").astype(str)[:7]
        who = owners[event["recipient"]]
        if event["type"] == "SENT" and len(who) == 1 and ("email", month) in tests:
            sent[tests["email", month][next(iter(who))]] += 1
    print(dict(sent))
    assert sent["treatment"] > 100 and sent["holdout"] == 0


def test_the_draw_is_by_company_and_blind_to_what_people_do(large: World) -> None:
    assigned, account = large.holdouts, large.people.account
    assert assigned is not None
    for held in assigned.held:
        total = np.bincount(account[account != NONE], held[account != NONE])
        size = np.bincount(account[account != NONE])
        assert ((total == 0) | (total == size)).all()
        assert abs(held[account == NONE].mean() - holdouts.SHARE) < 0.015
    other = holdouts.assign(large.people, large.span, SEED + 1)
    assert not np.array_equal(other.held, assigned.held)


def per_unit(world: World, won: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(sales, a member) of every company and every person without one: the units of the draw."""
    people = world.people
    unit = np.where(people.account == NONE, np.arange(len(people)), len(people) + people.account)
    units, member, number = np.unique(unit, return_index=True, return_inverse=True)
    buyer = world.journeys.story.deals.buyer[won]
    return np.bincount(number[buyer], minlength=len(units)).astype(float), member


def difference(sales: np.ndarray, held: np.ndarray) -> tuple[float, float]:
    """Treatment minus holdout per unit, and its standard error."""
    treated, out = sales[~held], sales[held]
    error = math.sqrt(treated.var(ddof=1) / len(treated) + out.var(ddof=1) / len(out))
    return float(treated.mean() - out.mean()), error


@pytest.mark.parametrize("test", range(3), ids=[name for name, _ in holdouts.TESTS])
def test_arms_differ_by_the_true_effect(large: World, test: int) -> None:
    assigned, journeys = large.holdouts, large.journeys
    assert assigned is not None
    sales, member = per_unit(large, journeys.outcome.won)
    held = assigned.held[test, member]
    found, error = difference(sales, held)
    treated, out = holdout_worlds(journeys.story, assigned, test)
    truth = float((treated.won.sum() - out.won.sum()) / len(sales))
    print(f"seed {SEED}: {holdouts.TESTS[test][0]} {found:.4f} +- {error:.4f}, truth {truth:.4f}")
    assert abs(found - truth) < 4 * error
    if holdouts.TESTS[test][0] == "paid_search":
        assert truth > 4 * error and found > 2 * error  # large enough to be seen
    # The same arms in a world where nobody is held out: nothing but chance between them.
    lived = decide(journeys.story, *everything(journeys.story))
    nothing, error = difference(per_unit(large, lived.won)[0], held)
    assert abs(nothing) < 4 * error


def test_nothing_created_before_a_test_begins_differs(large: World) -> None:
    """No arm can change what came before it."""
    assigned, story = large.holdouts, large.journeys.story
    assert assigned is not None
    for test, (name, first) in enumerate(holdouts.TESTS):
        begins = large.span.month_starts[first]
        treated, out = holdout_worlds(story, assigned, test)
        before = story.deals.created < begins
        assert name != "email" or before.sum() > 100
        assert np.array_equal(treated.happens[before], out.happens[before])
        assert (treated.happens & ~out.happens)[~before].any()
