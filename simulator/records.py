"""The rows people leave in the CRM and in marketing tools: duplicates, typos and junk included."""

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, Bools, Ints, Window, rng
from simulator.campaigns import Campaigns
from simulator.journeys import Journeys
from simulator.people import NONE, Accounts, People
from simulator.rates import Rates

WORK, NEW_WORK, PERSONAL, INBOX, JUNK, EMPTY = 0, 1, 2, 3, 4, 5


@dataclass
class Rows:
    """Rows of one table that name a person (arrays of equal length)."""

    person: Ints
    at: Ints
    slot: Ints  # which address of the person
    typo: Ints  # 0 none, 1 to 4 the kind
    typo_at: Ints
    phone: Ints  # 0 none, 1 the person's, 2 junk
    style: Ints  # how the phone is written
    draw: Ints  # 0 to 9999: small choices that need no column of their own

    def __len__(self) -> int:
        return len(self.person)


@dataclass
class Records:
    """Every table of rows; extra arrays run parallel to the rows they belong to."""

    leads: Rows
    lead_contact: Ints  # contact number of a converted lead, NONE
    lead_master: Ints  # surviving lead of a merged one, NONE
    contacts: Rows
    contact_account: Ints
    contact_of_person: Ints  # first contact of a person, NONE
    lead_of_person: Ints
    hubspot: Rows
    forms: Rows
    form_session: Ints
    logins: Rows
    login_session: Ints
    member_campaign: Ints
    member_lead: Ints
    member_contact: Ints
    member_at: Ints
    member_responded: Bools
    task_contact: Ints
    task_lead: Ints
    task_deal: Ints
    task_at: Ints
    task_draw: Ints


def build_records(
    people: People, accounts: Accounts, campaigns: Campaigns, journeys: Journeys, *, span: Window,
    rates: Rates, seed: int,
) -> Records:  # fmt: skip
    """All rows; marks the accounts that have contacts as present in the CRM."""
    gen = rng(seed, "records")
    known_at = journeys.known_at
    contact_people = np.flatnonzero(journeys.is_contact)
    moved = contact_people[
        (people.new_account[contact_people] != NONE)
        & (gen.random(len(contact_people)) < 0.7)
        & (people.changed_at[contact_people] < span.end - 20 * DAY)
        & (people.changed_at[contact_people] > known_at[contact_people])
    ]
    person = np.concatenate([contact_people, moved])
    since = np.concatenate(
        [known_at[contact_people] + 3_600_000, people.changed_at[moved] + 9 * DAY]
    )
    contacts = _rows(gen, people, person, np.minimum(since, span.end - 1), rates, typos=False)
    contact_account = np.concatenate([people.account[contact_people], people.new_account[moved]])
    # A contact is kept under the company it was created at.
    early = np.arange(len(person)) < len(contact_people)
    contacts.slot = np.where(early & (contacts.slot == NEW_WORK), WORK, contacts.slot)
    accounts.in_crm[contact_account[contact_account != NONE]] = True
    contact_of = np.full(len(people), NONE, dtype=np.int64)
    contact_of[contact_people] = np.arange(len(contact_people))
    leads, lead_contact, lead_master, lead_of = _leads(
        gen, people, journeys, contact_of, span=span, rates=rates
    )
    members = _members(
        gen, campaigns, leads, lead_contact, lead_master=lead_master, contacts=contacts, span=span
    )
    hubspot = _hubspot(gen, people, journeys, span, rates)
    sessions = journeys.sessions
    form_session = np.flatnonzero(sessions.form > 0)
    login_session = np.flatnonzero(sessions.login)
    return Records(
        leads, lead_contact, lead_master, contacts, contact_account, contact_of, lead_of, hubspot,
        _rows(gen, people, sessions.person[form_session],
              sessions.start[form_session] + 240_000, rates, typos=True),
        form_session,
        _rows(gen, people, sessions.person[login_session],
              sessions.start[login_session] + 20_000, rates, typos=False),
        login_session, *members,
        *_tasks(gen, journeys, leads, lead_contact, contacts=contacts, contact_of=contact_of,
                span=span),
    )  # fmt: skip


def _rows(
    gen: np.random.Generator, people: People, person: Ints, at: Ints, rates: Rates, *, typos: bool
) -> Rows:
    """How each row names its person: mostly the main address, at times another, a typo or junk."""
    count = len(person)
    moved = (people.new_account[person] != NONE) & (at >= people.changed_at[person])
    work = np.where(moved, NEW_WORK, WORK)
    slot = np.where(people.account[person] == NONE, PERSONAL, work)
    slot = np.where(people.has_personal[person] & (gen.random(count) < 0.35), PERSONAL, slot)
    slot = np.where((people.inbox[person] != NONE) & (gen.random(count) < 0.45), INBOX, slot)
    # Half of the junk records have a junk address, a quarter a junk phone; devices are the rest.
    slot = np.where(gen.random(count) < rates.junk_identifier * 0.7, JUNK, slot)
    typed = typos & (slot != JUNK) & (gen.random(count) < rates.email_typo)
    phone = (people.has_phone[person] & (gen.random(count) < 0.6)).astype(np.int64)
    phone = np.where(gen.random(count) < rates.junk_identifier * 0.4, 2, phone)
    return Rows(
        person=person, at=at, slot=slot,
        typo=np.where(typed, gen.integers(1, 5, count), 0),
        typo_at=gen.integers(0, 3, count), phone=phone,
        style=np.where(
            gen.random(count) < 0.7, people.phone_style[person], gen.integers(0, 4, count)
        ),
        draw=gen.integers(0, 10_000, count),
    )  # fmt: skip


def _take(rows: Rows, order: Ints) -> Rows:
    return Rows(**{name: values[order] for name, values in vars(rows).items()})


def _leads(
    gen: np.random.Generator, people: People, journeys: Journeys, contact_of: Ints, *, span: Window,
    rates: Rates,
) -> tuple[Rows, Ints, Ints, Ints]:  # fmt: skip
    """Leads of people, duplicates made later, merges of some duplicates, in order of creation."""
    converts = journeys.is_contact & (gen.random(len(people)) < 0.6)
    person = np.flatnonzero((journeys.is_lead & ~journeys.is_contact) | converts)
    twice = person[gen.random(len(person)) < rates.duplicate_lead / (1 - rates.duplicate_lead)]
    at = np.concatenate(
        [journeys.known_at[person] + gen.integers(60_000, 1_800_000, len(person)),
         journeys.known_at[twice] + gen.integers(2, 60, len(twice)) * DAY]
    )  # fmt: skip
    rows = _rows(
        gen, people, np.concatenate([person, twice]), at.clip(None, span.end - 1), rates, typos=True
    )
    copy = np.arange(len(rows)) >= len(person)
    rows.slot = np.where(copy & (gen.random(len(rows)) < 0.10), EMPTY, rows.slot)
    order = np.argsort(rows.at, kind="stable")
    rows, copy = _take(rows, order), copy[order]
    original = np.full(len(people), NONE, dtype=np.int64)
    original[rows.person[~copy]] = np.flatnonzero(~copy)
    merged = copy & (gen.random(len(rows)) < 0.2)
    master = np.where(merged, original[rows.person], NONE)
    contact = np.where(converts[rows.person] & ~copy, contact_of[rows.person], NONE)
    return rows, contact, master, original


def _hubspot(
    gen: np.random.Generator, people: People, journeys: Journeys, span: Window, rates: Rates
) -> Rows:
    """HubSpot contacts of nine in ten known people, some twice under another address."""
    known = journeys.known_at > 0
    person = np.flatnonzero(known & (gen.random(len(people)) < 0.92))
    twice = person[gen.random(len(person)) < rates.duplicate_hubspot_contact]
    at = np.concatenate(
        [journeys.known_at[person] + gen.integers(1_000, 120_000, len(person)),
         journeys.known_at[twice] + gen.integers(3, 90, len(twice)) * DAY]
    )  # fmt: skip
    rows = _rows(
        gen, people, np.concatenate([person, twice]), at.clip(None, span.end - 1), rates, typos=True
    )
    copy = np.arange(len(rows)) >= len(person)
    swap = copy & people.has_personal[rows.person] & (rows.slot != JUNK)
    rows.slot = np.where(swap, PERSONAL, rows.slot)
    rows.typo = np.where(
        copy & ~swap & (rows.typo == 0) & (rows.slot != JUNK), 1 + rows.draw % 4, rows.typo
    )
    return _take(rows, np.argsort(rows.at, kind="stable"))


def _members(
    gen: np.random.Generator, campaigns: Campaigns, leads: Rows, lead_contact: Ints, *,
    lead_master: Ints, contacts: Rows, span: Window,
) -> tuple[Ints, Ints, Ints, Ints, Bools]:  # fmt: skip
    """Campaign members: leads and contacts invited to webinars and events, once each."""
    runs = np.concatenate([campaigns.of(""), campaigns.of("email")])
    lead = np.flatnonzero(lead_master == NONE)
    lead = lead[gen.random(len(lead)) < 0.55]
    bare = np.setdiff1d(np.arange(len(contacts)), lead_contact[lead])
    bare = bare[gen.random(len(bare)) < 0.75]
    lead = np.concatenate([lead, np.full(len(bare), NONE)])
    contact = np.concatenate([lead_contact[lead[lead != NONE]], bare])
    since = np.concatenate([leads.at[lead[lead != NONE]], contacts.at[bare]])
    times = gen.geometric(0.6, len(lead)).clip(1, 4)
    who = np.repeat(np.arange(len(lead)), times)
    run = runs[gen.integers(0, len(runs), len(who))]
    _, keep = np.unique(who * len(campaigns) + run, return_index=True)
    who, run = who[keep], run[keep]
    ready = np.maximum(campaigns.start[run], since[who])
    in_time = ready < campaigns.end[run]
    who, run, ready = who[in_time], run[in_time], ready[in_time]
    at = ready + (gen.random(len(who)) * (campaigns.end[run] - ready)).astype(np.int64)
    order = np.argsort(at, kind="stable")
    responded = gen.random(len(who)) < 0.5
    return run[order], lead[who][order], contact[who][order], at[order], responded[order]


def _tasks(
    gen: np.random.Generator, journeys: Journeys, leads: Rows, lead_contact: Ints, *,
    contacts: Rows, contact_of: Ints, span: Window,
) -> tuple[Ints, Ints, Ints, Ints, Ints]:  # fmt: skip
    """Calls, e-mails and to-dos of the sales team: after leads, and along deals."""
    lead = np.repeat(np.arange(len(leads)), gen.poisson(0.9, len(leads)))
    lead = lead[lead_contact[lead] == NONE]
    pairs = journeys.deal_people
    pair = np.repeat(np.arange(len(pairs)), gen.poisson(1.3, len(pairs)))
    deal, person = pairs[pair, 0], pairs[pair, 1]
    begin, stop = journeys.deals.created[deal], np.minimum(journeys.deals.closed[deal], span.end)
    at = np.concatenate(
        [leads.at[lead] + (gen.exponential(1.5, len(lead)) * DAY).astype(np.int64),
         begin + (gen.random(len(pair)) * (stop - begin)).astype(np.int64)]
    ).clip(None, span.end - 1)  # fmt: skip
    lead_all = np.concatenate([lead, np.full(len(pair), NONE)])
    contact = np.concatenate([np.full(len(lead), NONE), contact_of[person]])
    deal_all = np.concatenate([np.full(len(lead), NONE), deal])
    order = np.argsort(at, kind="stable")
    draw = gen.integers(0, 10_000, len(at))
    return contact[order], lead_all[order], deal_all[order], at[order], draw
