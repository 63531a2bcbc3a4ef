"""What people did: sessions, who becomes known, who buys, and the deals of whole committees."""

from dataclasses import dataclass

import numpy as np

from simulator.calendar import Bools, Floats, Ints, Window, busy_times, rng
from simulator.campaigns import VARIANTS, Campaigns
from simulator.deals import Deals, take_deals
from simulator.decisions import Outcome, Story, decide, everything
from simulator.draws import draw_story
from simulator.holdouts import Holdouts
from simulator.people import NONE, Accounts, People
from simulator.rates import CHANNELS, MEDIA, Media, Rates

FORM_DEMO, FORM_NEWSLETTER = 1, 2


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
    story: Story  # the draws behind it all, for the worlds that did not happen
    outcome: Outcome


def build_journeys(
    people: People, accounts: Accounts, campaigns: Campaigns, *, span: Window, rates: Rates,
    seed: int, media: Media = MEDIA, holdouts: Holdouts | None = None,
) -> Journeys:  # fmt: skip
    """Visits first; what people become follows from the channels of the visits that happen."""
    gen = rng(seed, "journeys")
    count = len(people)
    story = draw_story(
        gen, rng(seed, "unlived"), people, accounts, span=span, rates=rates, media=media
    )
    kept, deal_kept = kept_visits(story, holdouts)
    real = decide(story, kept, deal_kept)
    deals, deal_people = take_deals(story.deals, story.deal_people, real.happens)
    deals.won = real.won[real.happens]
    deals.refund_at = np.where(deals.won, deals.refund_at, 0)
    buyers = np.zeros(count, dtype=bool)
    buyers[deal_people[:, 1]] = True
    chances, visits, along = story.chances, story.visits, story.deal_visits
    known = real.known | buyers
    contact = buyers | (real.lead & (chances.contact < 0.10))
    user = (buyers & (chances.user_buyer < 0.5)) | (known & (chances.user_known < 0.08))
    made = deal_kept & real.happens[along.deal]
    sessions = _sessions(
        gen, people, campaigns,
        person=np.concatenate([visits.person[kept], along.person[made]]),
        start=np.concatenate([visits.start[kept], along.start[made]]),
        channel=np.concatenate([visits.channel[kept], along.channel[made]]),
        known=known, user=user, rates=rates,
    )  # fmt: skip
    offline = busy_times(gen, count, span, people.country)
    known_at = _known_at(sessions, deals, deal_people, offline, span)
    return Journeys(
        sessions, deals, deal_people, np.where(known, known_at, 0), real.lead, contact, user,
        real.score, story, real,
    )  # fmt: skip


def kept_visits(story: Story, holdouts: Holdouts | None) -> tuple[Bools, Bools]:
    """Which visits happen, of those without a deal and of those along one."""
    visits, along = story.visits, story.deal_visits
    if holdouts is None:
        return everything(story)
    return (
        ~holdouts.removes(visits.person, visits.start, visits.channel),
        ~holdouts.removes(along.person, along.start, along.channel),
    )


def _known_at(
    sessions: Sessions, deals: Deals, deal_people: Ints, offline: Ints, span: Window
) -> Ints:
    """When each person gave an address, if ever: a form, else the first visit, else offline."""
    first = np.full(len(offline), span.end, dtype=np.int64)
    np.minimum.at(first, sessions.person, sessions.start)
    known_at = np.where(first < span.end, first, offline)
    formed = np.full(len(offline), span.end, dtype=np.int64)
    with_form = sessions.form > 0
    np.minimum.at(formed, sessions.person[with_form], sessions.start[with_form])
    known_at = np.where(formed < span.end, formed + 240_000, known_at)
    deal_start = np.full(len(offline), span.end, dtype=np.int64)
    np.minimum.at(deal_start, deal_people[:, 1], deals.created[deal_people[:, 0]])
    return np.minimum(known_at, deal_start)


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
