"""Every random number of the journeys, drawn once, in an order that keeps the bytes of a seed."""

from functools import partial

import numpy as np

from simulator.calendar import Bools, Floats, Ints, Window, busy_times
from simulator.deals import (
    draw_deal_visits,
    draw_deals,
    draw_refunds,
    draw_spare_refunds,
    join,
)
from simulator.decisions import (
    SMALLEST_COMPANY,
    Chances,
    Story,
    Visits,
    account_rank,
    bar,
    become,
    won_if_happens,
)
from simulator.people import NONE, Accounts, People
from simulator.rates import CHANNELS, Media, Rates


def draw_story(
    gen: np.random.Generator, spare: np.random.Generator, people: People, accounts: Accounts, *,
    span: Window, rates: Rates, media: Media,
) -> Story:  # fmt: skip
    """The story of the world with every visit, and of the deals that other worlds may have.

    `spare` feeds only what this world has no number for: deals that do not happen in it.
    """
    count = len(people)
    effect = np.array(media.effect)
    visits, came = _draw_visits(gen, people, span, rates, media)
    score = np.bincount(visits.person, effect[visits.channel], count).astype(np.float64)
    chances = _draw_chances(gen, spare, people, accounts, came)
    everyone = np.arange(count)
    _, lead = become(chances, score, everyone)
    ceiling = _ceiling(visits, effect, count)
    _, possible = become(chances, ceiling, everyone)

    # ---- the deals of the world with every visit
    chances.pull = gumbel(gen, len(accounts))
    rank = account_rank(chances.account, chances.head, chances.pull, score)
    able = chances.head >= SMALLEST_COMPANY
    demand = round(count * rates.deals_per_person_year * span.years)
    chosen = np.argsort(-rank, kind="stable")[: min(demand, int(able.sum()))]
    size = gen.integers(6, 11, len(chosen))
    staff = _staff(gen, chances.account, score)
    leads = np.flatnonzero(lead)
    small = round(count * rates.self_serve_per_person_year * span.years)
    chances.taste[leads] = gumbel(gen, len(leads))
    weight = score[leads] + chances.taste[leads]
    buyer = leads[np.argsort(-weight, kind="stable")[: min(small, len(leads))]]
    account_bar, person_bar = bar(rank[able], demand), bar(weight, small)

    make = partial(
        draw_deals, people=people, accounts=accounts, staff=staff, head=chances.head, span=span
    )
    deals, pairs = make(gen, chosen=chosen, size=size, buyer=buyer)
    chances.contact = gen.random(count)
    deal_visits = draw_deal_visits(gen, deals, pairs, span, media)
    win = gen.random(len(deals))

    # ---- the deals that happen only where a visit with a negative effect is missing
    others = able & (
        account_rank(chances.account, chances.head, chances.pull, ceiling) >= account_bar
    )
    reach = possible & (ceiling + chances.taste >= person_bar)
    others[chosen], reach[buyer] = False, False
    absent = np.flatnonzero(others)
    more, more_pairs = make(
        spare, chosen=absent, size=spare.integers(6, 11, len(absent)), buyer=np.flatnonzero(reach)
    )
    more_visits = draw_deal_visits(spare, more, more_pairs, span, media)
    more_pairs[:, 0] += len(deals)
    more_visits.deal += len(deals)
    story = Story(
        span=span, effect=effect, visits=visits, chances=chances, deals=join(deals, more),
        deal_people=np.concatenate([pairs, more_pairs]), deal_visits=join(deal_visits, more_visits),
        win=np.concatenate([win, spare.random(len(more))]),
        chosen=len(deals), account_bar=account_bar, person_bar=person_bar,
    )  # fmt: skip
    won = won_if_happens(story, np.ones(len(story.deal_visits), dtype=bool))[: len(deals)]
    refund_at = draw_spare_refunds(spare, story.deals, span, rates)
    refund_at[: len(deals)] = np.where(
        won, draw_refunds(gen, deals, won, span, rates), refund_at[: len(deals)]
    )
    story.deals.refund_at = refund_at
    chances.user_buyer, chances.user_known = gen.random(count), gen.random(count)
    return story


def gumbel(gen: np.random.Generator, count: int) -> Floats:
    """Standard Gumbel draws: adding them to log weights and sorting draws without replacement."""
    return np.asarray(-np.log(-np.log(gen.random(count))))


def _draw_visits(
    gen: np.random.Generator, people: People, span: Window, rates: Rates, media: Media
) -> tuple[Visits, Bools]:
    """The visits of everyone, and who makes any."""
    visits = gen.poisson(people.activity * rates.sessions_per_person_year * span.years)
    person = np.repeat(np.arange(len(people)), visits.clip(0, 60))
    start = busy_times(gen, len(person), span, people.country[person])
    channel = gen.choice(len(CHANNELS), len(person), p=media.mix)
    return Visits(person, start, channel), visits > 0


def _draw_chances(
    gen: np.random.Generator, spare: np.random.Generator, people: People, accounts: Accounts,
    came: Bools,
) -> Chances:  # fmt: skip
    """The draws that need no decision before them; the later ones are filled in as they come."""
    count = len(people)
    imported = gen.random(count) < 0.10  # lists and badge scans: known without a visit
    none = np.zeros(0)
    staff = people.account[people.account != NONE]
    return Chances(
        came=came, imported=imported, known=gen.random(count), lead=gen.random(count),
        contact=none, user_buyer=none, user_known=none, taste=gumbel(spare, count),
        account=people.account, pull=none, head=np.bincount(staff, minlength=len(accounts)),
    )  # fmt: skip


def _ceiling(visits: Visits, effect: Floats, count: int) -> Floats:
    """The highest score each person has in any world: without every visit that lowers it."""
    return np.bincount(
        visits.person, np.maximum(effect[visits.channel], 0.0), count
    ).astype(np.float64)  # fmt: skip


def _staff(gen: np.random.Generator, account: Ints, score: Floats) -> Ints:
    """Employed people by company, those who join a committee first in front."""
    staff = np.flatnonzero(account != NONE)
    return staff[np.lexsort((gen.random(len(staff)) - 0.15 * score[staff], account[staff]))]
