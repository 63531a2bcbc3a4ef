"""The true effect of a channel: the same people and the same numbers, lived without its visits."""

import csv
import dataclasses
import math
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from simulator.calendar import DAY, window
from simulator.deals import Deals, DealVisits
from simulator.decisions import Chances, Story, Visits, decide, everything
from simulator.incrementality import holdout_worlds, tally, without_channel
from simulator.journeys import kept_visits
from simulator.people import NONE
from simulator.rates import CHANNELS, MEDIA, Media, Rates
from simulator.simulate import simulate
from simulator.world import build_world

ROOT = Path(__file__).parents[2]
SEEDS = range(20, 26)
FIELDS = ("conversions", "revenue", "refunds")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert found
    return found


def media(**effects: float) -> Media:
    """The usual channels, but some with another effect."""
    changed = [effects.get(n, e) for n, e in zip(CHANNELS, MEDIA.effect, strict=True)]
    return dataclasses.replace(MEDIA, effect=tuple(changed))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def lived(story: Story, kept: np.ndarray, deal_kept: np.ndarray) -> tuple[list[bool], list[bool]]:
    """(happens, won) of every deal by plain loops over people, visits and deals."""
    c, deals, v, along = story.chances, story.deals, story.visits, story.deal_visits
    visits: dict[int, list[tuple[int, float, bool]]] = defaultdict(list)
    for i in range(len(v)):
        visits[int(v.person[i])].append((int(v.start[i]), story.effect[v.channel[i]], kept[i]))
    colleagues: dict[int, list[int]] = defaultdict(list)
    for person, account in enumerate(c.account.tolist()):
        colleagues[account].append(person)

    def score(person: int, until: int) -> float:
        """What the person's visits add up to, where those before `until` may have been removed."""
        return sum(effect for at, effect, stays in visits[person] if stays or at >= until)

    happens, won = [], []
    for n in range(len(deals)):
        created = int(deals.created[n])
        if deals.committee[n] > 1:
            staff = colleagues[int(deals.account[n])]
            keen = sum(score(p, created) for p in staff) / len(staff)
            rank = 0.5 * math.log(len(staff)) + 1.5 * keen + c.pull[deals.account[n]]
            happens.append(rank >= story.account_bar - 1e-9)
        else:
            buyer = int(deals.buyer[n])
            mine = score(buyer, created)
            known = (
                c.known[buyer] < sigmoid(1.1 * mine - 0.6) if c.came[buyer] else c.imported[buyer]
            )
            lead = known and c.lead[buyer] < sigmoid(0.7 * mine - 1.3)
            happens.append(bool(lead and mine + c.taste[buyer] >= story.person_bar - 1e-9))
        planned = [i for i in range(len(along)) if along.deal[i] == n]
        worth = sum(story.effect[along.channel[i]] for i in planned if deal_kept[i])
        chance = sigmoid(4.0 * worth / len(planned) - 1.5)
        inside = deals.closed[n] < story.span.end
        won.append(bool(happens[-1] and inside and story.win[n] < chance))
    return happens, won


def test_every_world_is_what_a_plain_loop_over_people_finds() -> None:
    # A strong dislike of display makes deals that happen only without it.
    world = build_world(1_500, 12, 31, media=media(display=-1.5), holdouts=True)
    story, arms = world.journeys.story, world.holdouts
    assert arms is not None
    assert len(story.deals) > story.chosen > 50
    real = decide(story, *everything(story))
    assert real.happens.tolist() == [n < story.chosen for n in range(len(story.deals))]
    appeared, vanished = 0, 0
    for number in range(len(CHANNELS)):
        found = without_channel(story, number)
        expected = lived(story, story.visits.channel != number, story.deal_visits.channel != number)
        assert (found.happens.tolist(), found.won.tolist()) == expected, CHANNELS[number]
        appeared += int((found.happens & ~real.happens).sum())
        vanished += int((real.happens & ~found.happens).sum())
    assert appeared > 0 and vanished > 10
    for test in range(len(arms.channel)):
        for world_of_arm, arm in zip(holdout_worlds(story, arms, test), (False, True), strict=True):
            expected = lived(story, *kept_visits(story, arms.with_arm(test, arm)))
            assert (world_of_arm.happens.tolist(), world_of_arm.won.tolist()) == expected


def test_hand_worked_purchases_without_the_only_visit() -> None:
    """Four people, one visit each through paid search worth 2.0; the bar is at 1.5.

    Person 0 visits before buying: without it the rank value falls from 2.0 to 0.0, below the bar.
    Person 1 visits after buying: that cannot have caused it. Person 2 has a taste of 1.6 and buys
    anyway. Person 3 too, but the visits of the deal win it: (2 + 2) / 4 gives log-odds -1.5 + 4,
    a chance of 0.924; without them 0.182, and the draw is 0.5.
    """
    span = window(12)
    one, zero, none = np.ones(4), np.zeros(4), np.zeros(4, dtype=np.int64)
    created = np.full(4, span.start + 100 * DAY)
    visited = np.array([50, 150, 50, 50]) * DAY + span.start
    story = Story(
        span=span, effect=np.array([2.0, 0.0]),
        visits=Visits(np.arange(4), visited, none),
        chances=Chances(
            came=one > 0, imported=zero > 0, known=zero, lead=zero, contact=one, user_buyer=one,
            user_known=one, taste=np.array([0.0, 0.0, 1.6, 1.6]), account=none + NONE,
            pull=np.zeros(1), head=np.zeros(1, dtype=np.int64),  # one company, nobody in it
        ),
        deals=Deals(
            account=none + NONE, buyer=np.arange(4), created=created, closed=created + 20 * DAY,
            stage_open=zero > 0, won=one > 0, amount=np.array([100, 200, 400, 800]),
            currency_country=none, committee=none + 1, campaign=none,
            refund_at=np.array([0, 0, span.end - 1, 0]), refund_share=one * 0.5,
        ),
        deal_people=np.stack([np.arange(4), np.arange(4)], axis=1),
        deal_visits=DealVisits(
            np.array([0, 1, 2, 3, 3, 3, 3]), np.array([0, 1, 2, 3, 3, 3, 3]),
            np.full(7, span.start + 110 * DAY), np.array([1, 1, 1, 0, 0, 1, 1]),
        ),
        win=np.array([0.1, 0.1, 0.1, 0.5]), chosen=4, account_bar=math.inf, person_bar=1.5,
    )  # fmt: skip
    real, without = decide(story, *everything(story)), without_channel(story, 0)
    assert real.won.tolist() == [True, True, True, True]
    assert without.happens.tolist() == [False, True, True, True]
    assert without.won.tolist() == [False, True, True, False]
    before, after = tally(story, real.won), tally(story, without.won)
    assert (before.conversions.sum(), after.conversions.sum()) == (4, 2)
    assert (before.revenue.sum(), after.revenue.sum()) == (1_500, 600)
    assert before.refunds.sum() == after.refunds.sum() == after.refunds[-1].sum() == 200


def test_a_channel_that_nobody_visits_changes_nothing() -> None:
    number = CHANNELS.index("referral")

    def rest(mix: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(0 if n == number else s / (1 - mix[number]) for n, s in enumerate(mix))

    unused = Media(mix=rest(MEDIA.mix), deal_mix=rest(MEDIA.deal_mix))
    journeys = build_world(3_000, 12, 5, media=unused).journeys
    assert number not in journeys.sessions.channel and journeys.outcome.won.sum() > 30
    found = without_channel(journeys.story, number)
    for field in dataclasses.fields(found):
        assert np.array_equal(getattr(found, field.name), getattr(journeys.outcome, field.name))


def test_a_channel_without_effect_causes_nothing() -> None:
    for seed in SEEDS:
        journeys = build_world(2_000, 12, seed, media=media(email=0.0)).journeys
        assert (journeys.sessions.channel == CHANNELS.index("email")).sum() > 300
        found = without_channel(journeys.story, CHANNELS.index("email"))
        assert journeys.outcome.won.sum() > 10, seed
        assert np.array_equal(found.won, journeys.outcome.won), seed
        assert np.array_equal(found.lead, journeys.outcome.lead), seed


def test_the_sign_of_the_effect_is_the_sign_of_the_increment() -> None:
    """With common random numbers it holds deal by deal; over the seeds it is not nothing either."""
    total: Counter[str] = Counter()
    for seed in SEEDS:
        journeys = build_world(4_000, 12, seed, media=media(display=-0.8)).journeys
        for number, name in enumerate(CHANNELS):
            with_it, without = journeys.outcome.won, without_channel(journeys.story, number).won
            lost, gained = int((with_it & ~without).sum()), int((without & ~with_it).sum())
            assert (gained if journeys.story.effect[number] > 0 else lost) == 0, (name, seed)
            total[name] += lost - gained
    print(dict(total), "seeds", list(SEEDS))
    assert total["display"] < 0
    assert all(total[name] > 0 for name in CHANNELS if name != "display")
    assert total["email"] > total["organic_social"]


def test_where_demand_meets_no_bar_everyone_able_buys_in_every_world() -> None:
    plenty = dataclasses.replace(Rates(), deals_per_person_year=1.0)
    journeys = build_world(1_000, 12, 3, plenty).journeys
    assert journeys.story.account_bar == -math.inf
    big = journeys.story.deals.committee > 1
    assert big.sum() > 20
    assert without_channel(journeys.story, 0).happens[big].all()


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("held_out")
    simulate(3_000, 6, 13, out, holdouts=True)
    return out


@pytest.mark.parametrize("source", ["sample", "held_out"])
def test_the_real_side_is_what_the_exports_show(source: str, held_out: Path) -> None:
    """Conversions, revenue and refunds to the cent, per month and currency, for every channel."""
    folder = ROOT / "seeds" if source == "sample" else held_out
    shown: dict[str, Counter] = {field: Counter() for field in FIELDS}
    for deal in rows(folder / "exports/salesforce/Opportunity.csv"):
        if deal["IsWon"] != "true":
            continue
        cell = (deal["CloseDate"][:7] + "-01", deal["CurrencyIsoCode"])
        if deal["Type"] == "Refund":
            shown["refunds"][cell] -= Decimal(deal["Amount"])
        else:
            shown["conversions"][cell] += 1
            shown["revenue"][cell] += Decimal(deal["Amount"])
    assert shown["conversions"].total() > 10 and shown["refunds"].total() > 0
    truth = rows(folder / "truth/channel_incrementality.csv")
    assert {row["channel"] for row in truth} == set(CHANNELS)
    assert len({(r["channel"], r["month"], r["currency"]) for r in truth}) == len(truth)
    for field, expected in shown.items():
        for channel in CHANNELS:
            mine = {(r["month"], r["currency"]): Decimal(r[field]) for r in truth
                    if r["channel"] == channel}  # fmt: skip
            assert expected.keys() <= mine.keys()
            assert all(amount == expected[cell] for cell, amount in mine.items()), (channel, field)
    assert any(r["revenue"] != r["revenue_without"] for r in truth)


def test_the_docs_give_the_figures_of_the_sample() -> None:
    caused: Counter[str] = Counter()
    for row in rows(ROOT / "seeds/truth/channel_incrementality.csv"):
        caused[row["channel"]] += int(row["conversions"]) - int(row["conversions_without"])
    text = (ROOT / "docs/simulator.md").read_text("utf-8")
    assert (
        f"{caused['email']} would not exist without email, {caused['paid_search']} without paid"
        f" search, {caused['organic_search']} without organic search, {caused['referral']} without"
        f" referrals, {caused['direct']} each without paid social and direct,"
        f" {caused['ai_assistant']} without AI assistants, none without display and organic social."
    ) in text
    assert caused["direct"] == caused["paid_social"]
    assert caused["display"] == caused["organic_social"] == 0
