"""What follows from the visits that happen: pure functions of stored draws and of visits kept.

Every random number was drawn before and is the same in every world, so two worlds differ by the
visits alone. docs/simulator.md says what a causal effect means here.
"""

from dataclasses import dataclass

import numpy as np

from simulator.calendar import Bools, Floats, Ints, Window
from simulator.deals import Deals, DealVisits
from simulator.people import NONE

SMALLEST_COMPANY = 6
"""People a company needs before a committee can form."""


@dataclass
class Visits:
    """One entry per website visit that belongs to no deal."""

    person: Ints
    start: Ints
    channel: Ints

    def __len__(self) -> int:
        return len(self.person)


@dataclass
class Chances:
    """What people and companies bring into every world, one entry each."""

    came: Bools  # comes to the website at all; a trait, whichever visits are taken away
    imported: Bools  # known from a list without a visit
    known: Floats  # uniform draws
    lead: Floats
    contact: Floats
    user_buyer: Floats
    user_known: Floats
    taste: Floats  # Gumbel draw of a small purchase
    account: Ints  # employer, NONE
    pull: Floats  # Gumbel draw, per company
    head: Ints  # employees among the people, per company


@dataclass
class Story:
    """All draws, and every deal that happens in the real world or can happen in another.

    The first `chosen` deals are those of the world with every visit. A bar is the rank value of
    the last one chosen there: what reaches it happens, in any world.
    """

    span: Window
    effect: Floats  # per channel: log-odds that one visit adds
    visits: Visits
    chances: Chances
    deals: Deals  # `refund_at` as it would be if the deal is won; `won` says nothing
    deal_people: Ints  # shape (n, 2): deal, person
    deal_visits: DealVisits
    win: Floats  # uniform draw per deal
    chosen: int
    account_bar: float
    person_bar: float


@dataclass
class Outcome:
    """One world: what each person became and what became of each deal of the story."""

    known: Bools  # buyers not included
    lead: Bools
    score: Floats
    happens: Bools  # per deal
    won: Bools  # per deal; closed inside the window


def decide(story: Story, kept: Bools, deal_kept: Bools) -> Outcome:
    """The world in which only the kept visits happen; the masks run along both kinds of visits.

    A deal depends on the visits before it was created. Visits after that stay in its rank value
    whether they are kept or not: they tell what the person is like and cannot have caused it.
    """
    c, deals = story.chances, story.deals
    big = deals.committee > 1
    score = _score(story, kept, np.full(len(c.came), story.span.end))
    known, lead = become(c, score, np.arange(len(score)))
    happens = np.zeros(len(deals), dtype=bool)
    opened = np.zeros(len(c.head), dtype=np.int64)
    opened[deals.account[big]] = deals.created[big]
    before = _score(story, kept, np.where(c.account == NONE, 0, opened[c.account]))
    rank = account_rank(c.account, c.head, c.pull, before)
    happens[big] = rank[deals.account[big]] >= story.account_bar
    opened = np.zeros(len(c.came), dtype=np.int64)
    buyer = deals.buyer[~big]
    opened[buyer] = deals.created[~big]
    before = _score(story, kept, opened)[buyer]
    _, ready = become(c, before, buyer)
    happens[~big] = ready & (before + c.taste[buyer] >= story.person_bar)
    lead[buyer[happens[~big]]] = True
    won = happens & won_if_happens(story, deal_kept)
    return Outcome(known, lead, score, happens, won)


def everything(story: Story) -> tuple[Bools, Bools]:
    """Masks that keep every visit."""
    return np.ones(len(story.visits), dtype=bool), np.ones(len(story.deal_visits), dtype=bool)


def become(c: Chances, score: Floats, who: Ints) -> tuple[Bools, Bools]:
    """Who of the people `who` becomes known and who a lead, by the score of their visits."""
    chance = 1 / (1 + np.exp(0.6 - 1.1 * score))
    known = np.where(c.came[who], c.known[who] < chance, c.imported[who])
    return known, known & (c.lead[who] < 1 / (1 + np.exp(1.3 - 0.7 * score)))


def account_rank(account: Ints, head: Ints, pull: Floats, score: Floats) -> Floats:
    """How much each company wants a deal: its size, its people's mean score, and chance."""
    staff = np.flatnonzero(account != NONE)
    keen = np.bincount(account[staff], score[staff], len(head)) / head.clip(1)
    able = head >= SMALLEST_COMPANY
    return np.where(able, 0.5 * np.log(head.clip(1)) + 1.5 * keen + pull, -np.inf)


def bar(rank: Floats, wanted: int) -> float:
    """The rank value of the last of `wanted` chosen; infinite if none or all of them are."""
    if wanted == 0:
        return np.inf
    if wanted >= len(rank):
        return -np.inf
    return float(-np.partition(-rank, wanted - 1)[wanted - 1])


def won_if_happens(story: Story, deal_kept: Bools) -> Bools:
    """Which deals are won by the mean effect of their visits; one not made counts as nothing."""
    v = story.deal_visits
    worth = np.where(deal_kept, story.effect[v.channel], 0.0)
    total = np.bincount(v.deal, worth, len(story.deals))
    effect = total / np.bincount(v.deal, minlength=len(story.deals)).clip(1)
    chance = 1 / (1 + np.exp(1.5 - 4.0 * effect))
    return np.asarray((story.deals.closed < story.span.end) & (story.win < chance))


def _score(story: Story, kept: Bools, since: Ints) -> Floats:
    """Sum of effects per person; visits at or after the person's `since` stay in any case."""
    v = story.visits
    stays = kept | (v.start >= since[v.person])
    return np.bincount(v.person, np.where(stays, story.effect[v.channel], 0.0), len(since)).astype(
        np.float64
    )
