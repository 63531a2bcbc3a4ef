"""Deals: who buys together, when, for how much, and the visits that a committee makes."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulator.calendar import DAY, Bools, Floats, Ints, Window
from simulator.people import NONE, Accounts, People
from simulator.rates import CHANNELS, Media, Rates


@dataclass
class Deals:
    """One entry per opportunity that is not a refund."""

    account: Ints  # NONE for a purchase by a person without a company
    buyer: Ints  # primary contact
    created: Ints
    closed: Ints
    stage_open: Bools
    won: Bools
    amount: Ints  # whole units of the currency
    currency_country: Ints
    committee: Ints  # number of people
    campaign: Ints
    refund_at: Ints  # 0 without a refund
    refund_share: Floats

    def __len__(self) -> int:
        return len(self.account)


@dataclass
class DealVisits:
    """One entry per website visit along a deal."""

    deal: Ints
    person: Ints
    start: Ints
    channel: Ints

    def __len__(self) -> int:
        return len(self.deal)


Rows = TypeVar("Rows", Deals, DealVisits)


def draw_deals(
    gen: np.random.Generator, *, people: People, accounts: Accounts, chosen: Ints, size: Ints,
    staff: Ints, head: Ints, buyer: Ints, span: Window,
) -> tuple[Deals, Ints]:  # fmt: skip
    """The deals of the `chosen` companies and of the single buyers, none won or lost yet.

    `size` is the committee each company would like, `staff` the employed people ordered by company
    and eagerness, `head` their number per company. Returns the deals that are created inside the
    window and the people in them, shape (n, 2): deal, person.
    """
    wanted, small = len(chosen), len(buyer)
    size = np.minimum(size, head[chosen])
    offset = np.concatenate([[0], np.cumsum(head)[:-1]])[chosen]
    deal = np.repeat(np.arange(wanted), size)
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    member = staff[np.repeat(offset, size) + within]
    big = np.arange(wanted + small) < wanted
    account = np.concatenate([chosen, people.account[buyer]]).astype(np.int64)
    cycle = np.where(big, gen.integers(90, 271, len(big)), gen.integers(5, 40, len(big))) * DAY
    length = span.end - span.start
    cycle = np.minimum(cycle, (length * 0.9)).astype(np.int64)
    latest = np.where(big, span.end + 75 * DAY, span.end + 10 * DAY)
    closed = (
        span.start + cycle + (gen.random(len(big)) * (latest - span.start - cycle)).astype(np.int64)
    )
    begin = closed - cycle
    share = np.where(big, 0.25 + 0.2 * gen.random(len(big)), 0.6)
    created = (begin + cycle * share).astype(np.int64)
    seats = np.exp(gen.normal(np.where(big, 10.2, 7.3), np.where(big, 0.7, 0.5)))
    primary = np.concatenate([member[within == 0], buyer])
    country = np.where(account == NONE, people.country[primary], accounts.country[account])
    deals = Deals(
        account=account, buyer=primary,
        created=created, closed=closed, stage_open=closed >= span.end,
        won=closed < span.end,
        amount=(seats // 10 * 10).astype(np.int64).clip(300, 900_000),
        currency_country=country,
        committee=np.concatenate([size, np.ones(small, dtype=np.int64)]),
        campaign=gen.integers(0, 1 << 30, len(big)),
        refund_at=np.zeros(len(big), dtype=np.int64),
        refund_share=np.where(gen.random(len(big)) < 0.6, 1.0, 0.5),
    )  # fmt: skip
    pairs = np.concatenate(
        [np.stack([deal, member], axis=1),
         np.stack([np.arange(wanted, wanted + small), buyer], axis=1)]
    )  # fmt: skip
    return take_deals(deals, pairs, created < span.end)


def take_deals(deals: Deals, deal_people: Ints, wanted: Bools) -> tuple[Deals, Ints]:
    """The wanted deals and their people, numbered anew."""
    pairs = deal_people[wanted[deal_people[:, 0]]]
    numbers = np.cumsum(wanted) - 1
    pairs[:, 0] = numbers[pairs[:, 0]]
    return Deals(**{name: values[wanted] for name, values in vars(deals).items()}), pairs


def join(first: Rows, second: Rows) -> Rows:
    """Both, one after the other."""
    return type(first)(
        **{
            name: np.concatenate([values, getattr(second, name)])
            for name, values in vars(first).items()
        }
    )


def draw_deal_visits(
    gen: np.random.Generator, deals: Deals, deal_people: Ints, span: Window, media: Media
) -> DealVisits:
    """Visits of the committee between the start of the journey and the close."""
    big = deals.committee[deal_people[:, 0]] > 1
    visits = np.where(big, gen.poisson(2.2, len(big)) + 1, gen.poisson(1.5, len(big)) + 1)
    pair = np.repeat(np.arange(len(deal_people)), visits)
    deal = deal_people[pair, 0]
    begin = deals.created[deal] - (deals.closed[deal] - deals.created[deal]) // 2
    begin = np.maximum(begin, span.start)
    end = np.minimum(deals.closed[deal], span.end)
    weekday_hour = gen.integers(0, 9 * 3_600_000, len(pair)) + 9 * 3_600_000
    moment = begin + (gen.random(len(pair)) * (end - begin)).astype(np.int64)
    start = (moment // DAY * DAY + weekday_hour).clip(span.start, span.end - 3_600_000)
    weekend = (start // DAY + 3) % 7 >= 5
    start = np.where(weekend & (start - 2 * DAY >= span.start), start - 2 * DAY, start)
    channel = gen.choice(len(CHANNELS), len(pair), p=media.deal_mix)
    return DealVisits(deal, deal_people[pair, 1], start, channel)


def draw_refunds(
    gen: np.random.Generator, deals: Deals, won: Bools, span: Window, rates: Rates
) -> Ints:
    """When money went back, 0 where it did not; a share of the sales that are old enough."""
    back = deals.closed + gen.integers(20, 60, len(deals)) * DAY
    able = np.flatnonzero(won & (back < span.end))
    chosen = gen.permutation(able)[: int(np.ceil(len(able) * rates.refund))]
    refund_at = np.zeros(len(deals), dtype=np.int64)
    refund_at[chosen] = back[chosen]
    return refund_at


def draw_spare_refunds(gen: np.random.Generator, deals: Deals, span: Window, rates: Rates) -> Ints:
    """The refund of every deal if it were won, each by its own chance; 0 without one."""
    back = deals.closed + gen.integers(20, 60, len(deals)) * DAY
    happens = (gen.random(len(deals)) < rates.refund) & (back < span.end)
    return np.where(happens, back, 0)
