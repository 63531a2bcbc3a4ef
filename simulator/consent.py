"""What each person agreed to, when, and where it was written down."""

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, Bools, Ints, Window, rng
from simulator.journeys import Journeys
from simulator.people import NONE
from simulator.rates import Rates

ABSENT, GRANTED, WITHDRAWN, PENDING, DENIED = 0, 1, 2, 3, 4
STATUS_NAMES = ("absent", "granted", "withdrawn", "pending", "denied")
PURPOSES = ("email_marketing", "analytics", "advertising")


@dataclass
class Consents:
    """One entry per person; times are 0 where nothing was decided."""

    email: Ints
    email_asked_at: Ints
    email_decided_at: Ints
    salesforce_only: Bools
    analytics: Ints
    advertising: Ints
    web_asked_at: Ints
    web_decided_at: Ints


def build_consents(journeys: Journeys, span: Window, rates: Rates, seed: int) -> Consents:
    """E-mail consent of known people, cookie consent of those who were seen with a device."""
    gen = rng(seed, "consent")
    count = len(journeys.known_at)
    known = journeys.known_at > 0
    draw = gen.random(count)
    limits = np.cumsum([rates.email_granted, rates.email_withdrawn, rates.email_pending])
    states = np.array([GRANTED, WITHDRAWN, PENDING, ABSENT])
    email = np.where(known, states[np.searchsorted(limits, draw, side="right")], ABSENT)
    asked = journeys.known_at + gen.integers(1_000, 90_000, count)
    later = asked + (gen.random(count) * (span.end - asked - DAY).clip(DAY)).astype(np.int64)
    withdrawn_at = later.clip(None, span.end - 1)
    decided = np.where(email == WITHDRAWN, withdrawn_at, asked)
    in_crm = journeys.is_lead | journeys.is_contact
    only = (email == WITHDRAWN) & in_crm & (gen.random(count) < rates.withdrawn_in_salesforce_only)
    analytics, advertising, web_asked, web_decided = _web(gen, journeys, rates)
    return Consents(
        email=email,
        email_asked_at=np.where(email == ABSENT, 0, asked),
        email_decided_at=np.where(email == ABSENT, 0, decided),
        salesforce_only=only,
        analytics=analytics, advertising=advertising,
        web_asked_at=web_asked, web_decided_at=web_decided,
    )  # fmt: skip


def _web(
    gen: np.random.Generator, journeys: Journeys, rates: Rates
) -> tuple[Ints, Ints, Ints, Ints]:
    """Cookie consent: asked on the first visit, withdrawn on the last one of some."""
    sessions, count = journeys.sessions, len(journeys.known_at)
    seen = sessions.device != NONE
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, sessions.person[seen], sessions.start[seen])
    last = np.zeros(count, dtype=np.int64)
    np.maximum.at(last, sessions.person[seen], sessions.start[seen])
    draw = gen.random(count)
    limits = np.cumsum([rates.analytics_granted, rates.analytics_denied, rates.analytics_withdrawn])
    states = np.array([GRANTED, DENIED, WITHDRAWN, ABSENT])
    analytics = np.where(last > 0, states[np.searchsorted(limits, draw, side="right")], ABSENT)
    analytics = np.where((analytics == WITHDRAWN) & (first == last), GRANTED, analytics)
    wide = gen.random(count) < rates.advertising_if_analytics
    advertising = np.where(wide | (analytics == ABSENT), analytics, DENIED)
    asked = np.where(analytics == ABSENT, 0, first)
    decided = np.where(analytics == WITHDRAWN, last, asked)
    return analytics, advertising, asked, decided


def session_consent(journeys: Journeys, consents: Consents) -> tuple[Ints, Ints]:
    """(analytics, advertising) as each visit reports them: -1 no banner yet, 0 no, 1 yes."""
    sessions = journeys.sessions
    person = sessions.person
    asked = (consents.web_asked_at[person] > 0) & (sessions.device != NONE)
    over = sessions.start >= consents.web_decided_at[person]

    def flag(state: Ints) -> Ints:
        mine = state[person]
        yes = (mine == GRANTED) | ((mine == WITHDRAWN) & ~over)
        return np.where(asked, yes.astype(np.int64), -1)

    return flag(consents.analytics), flag(consents.advertising)
