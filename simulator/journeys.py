"""What people did: sessions, who becomes known, who buys, and the deals of whole committees."""

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, Bools, Floats, Ints, Window, busy_times, rng
from simulator.campaigns import VARIANTS, Campaigns
from simulator.people import NONE, Accounts, People
from simulator.rates import CHANNEL_EFFECT, CHANNEL_MIX, CHANNELS, Rates

_EFFECT = np.array(CHANNEL_EFFECT)
_DEAL_MIX = np.array([0.12, 0.10, 0.05, 0.24, 0.13, 0.10, 0.06, 0.05, 0.15])
FORM_DEMO, FORM_NEWSLETTER = 1, 2


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
class Sessions:
    """One entry per website visit, in order of time."""

    person: Ints
    device: Ints  # person * 4 + number; NONE is the all-zero junk device
    start: Ints
    channel: Ints
    campaign: Ints  # NONE without UTM parameters
    variant: Ints  # 0 keeps the convention
    pages: Ints
    form: Ints  # 0, FORM_DEMO, FORM_NEWSLETTER
    login: Bools

    def __len__(self) -> int:
        return len(self.person)


@dataclass
class Journeys:
    """The whole story: sessions, deals, and what each person became."""

    sessions: Sessions
    deals: Deals
    deal_people: Ints  # shape (n, 2): deal, person
    known_at: Ints  # 0 for those who never gave an address
    is_lead: Bools
    is_contact: Bools
    is_user: Bools
    score: Floats


def build_journeys(
    people: People,
    accounts: Accounts,
    campaigns: Campaigns,
    *,
    span: Window,
    rates: Rates,
    seed: int,
) -> Journeys:
    """Visits first; what people become follows from the channels of their visits."""
    gen = rng(seed, "journeys")
    count = len(people)
    visits = gen.poisson(people.activity * rates.sessions_per_person_year * span.years)
    person = np.repeat(np.arange(count), visits.clip(0, 60))
    start = busy_times(gen, len(person), span, people.country[person])
    channel = gen.choice(len(CHANNELS), len(person), p=CHANNEL_MIX)
    score = np.bincount(person, _EFFECT[channel], count).astype(np.float64)
    chance = 1 / (1 + np.exp(0.6 - 1.1 * score))
    imported = gen.random(count) < 0.10  # lists and badge scans: known without a visit
    known = np.where(visits > 0, gen.random(count) < chance, imported)
    lead = known & (gen.random(count) < 1 / (1 + np.exp(1.3 - 0.7 * score)))
    deals, deal_people = _deals(gen, people, accounts, score, lead, span=span, rates=rates)
    buyers = np.zeros(count, dtype=bool)
    buyers[deal_people[:, 1]] = True
    known |= buyers
    contact = buyers | (lead & (gen.random(count) < 0.10))
    extra_person, extra_start, extra_channel = _deal_sessions(gen, deals, deal_people, span)
    effect = np.bincount(extra_person[:, 0], _EFFECT[extra_channel], len(deals)) / np.bincount(
        extra_person[:, 0], minlength=len(deals)
    ).clip(1)
    deals.won &= gen.random(len(deals)) < 1 / (1 + np.exp(1.5 - 4.0 * effect))
    deals.refund_at = _refunds(gen, deals, span, rates)
    user = (buyers & (gen.random(count) < 0.5)) | (known & (gen.random(count) < 0.08))
    person = np.concatenate([person, extra_person[:, 1]])
    start = np.concatenate([start, extra_start])
    channel = np.concatenate([channel, extra_channel])
    sessions = _sessions(
        gen, people, campaigns, person=person, start=start, channel=channel, known=known,
        user=user, rates=rates,
    )  # fmt: skip
    first = np.full(count, span.end, dtype=np.int64)
    np.minimum.at(first, sessions.person, sessions.start)
    offline = busy_times(gen, count, span, people.country)
    known_at = np.where(first < span.end, first, offline)
    formed = np.full(count, span.end, dtype=np.int64)
    with_form = sessions.form > 0
    np.minimum.at(formed, sessions.person[with_form], sessions.start[with_form])
    known_at = np.where(formed < span.end, formed + 240_000, known_at)
    deal_start = np.full(count, span.end, dtype=np.int64)
    np.minimum.at(deal_start, deal_people[:, 1], deals.created[deal_people[:, 0]])
    known_at = np.minimum(known_at, deal_start)
    return Journeys(
        sessions, deals, deal_people, np.where(known, known_at, 0), lead, contact, user, score
    )


def _deals(
    gen: np.random.Generator, people: People, accounts: Accounts, score: Floats, lead: Bools,
    *, span: Window, rates: Rates,
) -> tuple[Deals, Ints]:  # fmt: skip
    """Committee deals at the keenest companies with six people or more, and small purchases."""
    count = len(people)
    staff = np.flatnonzero(people.account != NONE)
    head = np.bincount(people.account[staff], minlength=len(accounts))
    keen = np.bincount(people.account[staff], score[staff], len(accounts)) / head.clip(1)
    gumbel = -np.log(-np.log(gen.random(len(accounts))))
    rank = np.where(head >= 6, 0.5 * np.log(head.clip(1)) + 1.5 * keen + gumbel, -np.inf)
    wanted = min(round(count * rates.deals_per_person_year * span.years), int((head >= 6).sum()))
    chosen = np.argsort(-rank, kind="stable")[:wanted]
    size = np.minimum(gen.integers(6, 11, wanted), head[chosen])
    order = staff[np.lexsort((gen.random(len(staff)) - 0.15 * score[staff], people.account[staff]))]
    offset = np.concatenate([[0], np.cumsum(head)[:-1]])[chosen]
    deal = np.repeat(np.arange(wanted), size)
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    member = order[np.repeat(offset, size) + within]
    leads = np.flatnonzero(lead)
    small = min(round(count * rates.self_serve_per_person_year * span.years), len(leads))
    weight = score[leads] - np.log(-np.log(gen.random(len(leads))))
    buyer = leads[np.argsort(-weight, kind="stable")[:small]]
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
    country = np.where(
        account == NONE, people.country[np.concatenate([member[within == 0], buyer])],
        accounts.country[account],
    )  # fmt: skip
    deals = Deals(
        account=account,
        buyer=np.concatenate([member[within == 0], buyer]),
        created=created, closed=closed, stage_open=closed >= span.end,
        won=closed < span.end,
        amount=(seats // 10 * 10).astype(np.int64).clip(300, 900_000),
        currency_country=country,
        committee=np.concatenate([size, np.ones(small, dtype=np.int64)]),
        campaign=gen.integers(0, 1 << 30, len(big)),
        refund_at=np.zeros(len(big), dtype=np.int64),
        refund_share=np.where(gen.random(len(big)) < 0.6, 1.0, 0.5),
    )  # fmt: skip
    inside = created < span.end
    keep = np.flatnonzero(inside)
    renumber = np.full(len(big), NONE, dtype=np.int64)
    renumber[keep] = np.arange(len(keep))
    pairs = np.concatenate(
        [np.stack([deal, member], axis=1),
         np.stack([np.arange(wanted, wanted + small), buyer], axis=1)]
    )  # fmt: skip
    pairs = pairs[inside[pairs[:, 0]]]
    pairs[:, 0] = renumber[pairs[:, 0]]
    for name, values in vars(deals).items():
        setattr(deals, name, values[keep])
    return deals, pairs


def _refunds(gen: np.random.Generator, deals: Deals, span: Window, rates: Rates) -> Ints:
    """When money went back, 0 where it did not; a share of the sales that are old enough."""
    back = deals.closed + gen.integers(20, 60, len(deals)) * DAY
    able = np.flatnonzero(deals.won & (back < span.end))
    chosen = gen.permutation(able)[: int(np.ceil(len(able) * rates.refund))]
    refund_at = np.zeros(len(deals), dtype=np.int64)
    refund_at[chosen] = back[chosen]
    return refund_at


def _deal_sessions(
    gen: np.random.Generator, deals: Deals, deal_people: Ints, span: Window
) -> tuple[Ints, Ints, Ints]:
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
    channel = gen.choice(len(CHANNELS), len(pair), p=_DEAL_MIX)
    return np.stack([deal, deal_people[pair, 1]], axis=1), start, channel


def _sessions(
    gen: np.random.Generator, people: People, campaigns: Campaigns, *, person: Ints, start: Ints,
    channel: Ints, known: Bools, user: Bools, rates: Rates,
) -> Sessions:  # fmt: skip
    """Devices, campaigns, pages, forms and logins of the visits, sorted by time."""
    order = np.lexsort((person, start))
    person, start, channel = person[order], start[order], channel[order]
    count = len(person)
    number = (gen.random(count) ** 1.6 * people.devices[person]).astype(np.int64)
    host = people.device_host[person]
    on_host = (host != NONE) & (gen.random(count) < 0.40)
    device = np.where(on_host, host * 4, person * 4 + number)
    device = np.where(gen.random(count) < rates.junk_identifier, NONE, device)
    campaign = _campaigns(gen, campaigns, start, channel)
    drifts = (campaign != NONE) & (gen.random(count) < rates.utm_drift)
    form = np.zeros(count, dtype=np.int64)
    # The last session of the first half: people look around before they fill in a form.
    rank = _rank_within(person)
    total = np.bincount(person, minlength=len(people))
    at = (rank == (total[person] - 1) // 2) & known[person] & (gen.random(count) < 0.92)
    again = ~at & known[person] & (gen.random(count) < 0.06)
    form[at | again] = np.where(
        gen.random(int((at | again).sum())) < 0.45, FORM_DEMO, FORM_NEWSLETTER
    )
    return Sessions(
        person=person, device=device, start=start, channel=channel, campaign=campaign,
        variant=np.where(drifts, gen.integers(1, VARIANTS + 1, count), 0),
        pages=gen.geometric(0.76, count).clip(1, 8) + (form > 0),
        form=form,
        login=user[person] & (rank > 0) & (gen.random(count) < 0.45),
    )  # fmt: skip


def _campaigns(gen: np.random.Generator, campaigns: Campaigns, start: Ints, channel: Ints) -> Ints:
    """The campaign of each visit: one running at that time in that channel, else NONE."""
    chosen = np.full(len(start), NONE, dtype=np.int64)
    draw = gen.random(len(start))
    untagged = gen.random(len(start))
    for number, name in enumerate(CHANNELS):
        running = campaigns.of(name)
        if not len(running):
            continue
        begins = np.unique(campaigns.start[running])
        slot = np.searchsorted(begins, start, side="right") - 1
        for position, begin in enumerate(begins):
            mine = np.flatnonzero((channel == number) & (slot == position))
            options = running[campaigns.start[running] == begin]
            skew = (draw[mine] ** 1.5 * len(options)).astype(np.int64)
            chosen[mine] = options[skew]
        if name in ("organic_social", "referral"):
            chosen[(channel == number) & (untagged < 0.6)] = NONE
    return chosen


def _rank_within(person: Ints) -> Ints:
    """0, 1, 2 … of each visit among the visits of its person, in order of time."""
    order = np.argsort(person, kind="stable")
    ordered = person[order]
    first = np.searchsorted(ordered, ordered, side="left")
    rank = np.empty(len(person), dtype=np.int64)
    rank[order] = np.arange(len(person)) - first
    return rank
