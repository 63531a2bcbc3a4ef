"""HubSpot: the contacts of the user interface, e-mail events, forms and subscription changes."""

from pathlib import Path

import duckdb
import numpy as np

from simulator.calendar import DAY, local_wall, rng
from simulator.consent import ABSENT, GRANTED, PENDING, WITHDRAWN
from simulator.people import NONE
from simulator.rates import CHANNELS
from simulator.world import COMPANY_HOST, World, load_rows
from simulator.writers import csv_header, csv_line, table, write_lines

PORTAL = 4727653
PORTAL_ZONE = "America/New_York"
SUBSCRIPTION = 230318
FORMS = ("", "3f1c9e52-7a44-4c1b-9b0e-5d2a6c8f1e01", "b82d4c10-1e7f-4a9c-8c55-0e9b7d3a2f02")

_SOURCES = (
    "['Paid Search', 'Paid Social', 'Other Campaigns', 'Email Marketing', 'Organic Search',"
    " 'Referrals', 'Organic Social', 'AI Referrals', 'Direct Traffic', 'Offline Sources']"
)
CONTACTS = (
    ("Record ID", "record_id"), ("First Name", "first_name"), ("Last Name", "last_name"),
    ("Email", "email"), ("Additional email addresses", "more_emails"), ("Phone Number", "phone"),
    ("Country/Region", "country_name"),
    ("Lifecycle Stage", "case when is_contact then case when draw % 3 = 0 then 'Customer' else"
     " 'Opportunity' end when is_lead then case when draw % 2 = 0 then 'Marketing Qualified Lead'"
     " else 'Sales Qualified Lead' end when draw % 4 = 0 then 'Subscriber' else 'Lead' end"),
    ("Lead Status", "['', 'NEW', 'OPEN', 'IN_PROGRESS'][(draw % 4 + 1)::int]"),
    ("Create Date", "strftime(make_timestamp(wall * 1000), '%Y-%m-%d %H:%M')"),
    ("Original Source", f"{_SOURCES}[(source + 1)::int]"),
    ("Original Source Drill-Down 1", "case source when 0 then 'Auto-tagged PPC' when 1 then"
     " 'LinkedIn' when 3 then 'HubSpot email' when 4 then 'Google' when 9 then 'IMPORT' end"),
    ("Original Source Drill-Down 2", "case when source = 0 then 'brand' end"),
    ("Associated Company IDs", "case when account >= 0 then (9000000000 + account)::varchar end"),
    ("Company Name", "company"), ("Merged record IDs", "merged"),
    ("Contact owner", "case when is_lead then ['Inès Moreau', 'Tom Baker', 'Jürgen Lang']"
     "[(draw % 3 + 1)::int] end"),
    ("Marketing email confirmation status", "confirmation"),
    ("Loyalty ID", "case when has_loyalty and draw % 10 < 8 then loyalty end"),
)  # fmt: skip
EVENTS = tuple(
    (name, name.replace(".", "_").lower())
    for name in ("id", "created", "type", "recipient", "emailCampaignId", "portalId", "appId",
                 "sentBy.id", "sentBy.created", "url")
)  # fmt: skip


def load_hubspot(con: duckdb.DuckDBPyConnection, world: World, seed: int) -> None:
    """Tables `hubspot`, `forms`, `sends`, `changes`, ready to be written."""
    r, j = world.records, world.journeys
    first = np.full(len(world.people), 9, dtype=np.int64)
    first[j.sessions.person[::-1]] = j.sessions.channel[::-1]
    load_rows(
        con, "hubspot", r.hubspot,
        wall=local_wall(r.hubspot.at, PORTAL_ZONE), source=first[r.hubspot.person],
    )  # fmt: skip
    s = r.form_session
    load_rows(
        con, "forms", r.forms, device=j.sessions.device[s], form=j.sessions.form[s], session=s
    )
    _load_sends(con, world, seed)
    _load_changes(con, world)


def _load_sends(con: duckdb.DuckDBPyConnection, world: World, seed: int) -> None:
    """One row per e-mail sent: monthly digests by chance, one for every click seen on the web."""
    gen = rng(seed, "sends")
    j, c, span = world.journeys, world.consents, world.span
    s = j.sessions
    rows = world.records.hubspot
    clicked = np.flatnonzero(
        (s.channel == CHANNELS.index("email"))
        & (j.known_at[s.person] > 0) & (s.start > j.known_at[s.person] + DAY)
    )  # fmt: skip
    main = np.full(len(world.people), NONE, dtype=np.int64)
    main[rows.person[::-1]] = np.arange(len(rows))[::-1]
    clicked = clicked[main[s.person[clicked]] != NONE]
    digest = world.campaigns.of("email")
    digest = digest[[world.campaigns.name[i].endswith("Monthly-Digest") for i in digest]]
    contact, campaign, at = (
        [main[s.person[clicked]]],
        [s.campaign[clicked]],
        [s.start[clicked] - 90_000 - gen.integers(60_000, 20_000_000, len(clicked))],
    )
    session = [clicked]
    firsts = np.flatnonzero(main[rows.person] == np.arange(len(rows)))
    person = rows.person[firsts]
    for month, begin in enumerate(span.month_starts):
        day = begin + 9 * DAY + 15 * 3_600_000
        asked = (c.email_asked_at[person] < day) & (c.email[person] != ABSENT)
        left = (c.email[person] == WITHDRAWN) & (c.email_decided_at[person] < day)
        chosen = firsts[
            asked & ~left & (c.email[person] != PENDING) & (rows.at[firsts] < day)
            & (gen.random(len(firsts)) < 0.45)
        ]  # fmt: skip
        if world.holdouts is not None:
            chosen = chosen[~world.holdouts.held_at("email", month)[rows.person[chosen]]]
        running = digest[world.campaigns.start[digest] <= begin][-1]
        contact.append(chosen)
        campaign.append(np.full(len(chosen), running))
        at.append(day + gen.integers(0, 3_600_000, len(chosen)))
        session.append(np.full(len(chosen), NONE))
    times = np.concatenate(at).clip(span.start, span.end - 1)
    order = np.argsort(times, kind="stable")
    draw = gen.integers(0, 10_000, len(times))
    open_after = (gen.exponential(6.0, len(times)) * 3_600_000).astype(np.int64) + 30_000
    table(
        con, "sends",
        {"n": np.arange(len(times)), "contact": np.concatenate(contact)[order],
         "campaign": np.concatenate(campaign)[order], "moment": times[order],
         "session": np.concatenate(session)[order], "draw": draw, "open_after": open_after},
    )  # fmt: skip
    table(con, "session_starts", {"session": clicked, "start": s.start[clicked],
          "campaign": s.campaign[clicked], "variant": s.variant[clicked]})  # fmt: skip


def _load_changes(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """One row per subscription change: given, pending, withdrawn; newest first when written."""
    c = world.consents
    given = np.flatnonzero((c.email == GRANTED) | (c.email == WITHDRAWN))
    gone = np.flatnonzero((c.email == WITHDRAWN) & ~c.salesforce_only)
    waiting = np.flatnonzero(c.email == PENDING)
    person = np.concatenate([given, gone, waiting])
    at = np.concatenate(
        [c.email_asked_at[given], c.email_decided_at[gone], c.email_asked_at[waiting]]
    )
    kind = np.repeat([GRANTED, WITHDRAWN, PENDING], [len(given), len(gone), len(waiting)])
    order = np.lexsort((person, -at))
    table(con, "changes", {"n": np.arange(len(at)), "person": person[order], "moment": at[order],
          "kind": kind[order]})  # fmt: skip


_CONTACT_SOURCE = f"""
    select r.*, p.first_name, p.last_name, p.country_name, p.is_contact, p.is_lead, p.account,
        p.has_loyalty, p.loyalty, a.name as company, 78000000 + r.n * 7 as record_id,
        case
            when r.draw % 9 = 0 and p.has_personal and p.work is not null
                then case when r.slot = 2 then p.work else p.personal end
        end as more_emails,
        case when r.draw % 33 = 0 then (70000000 + r.n * 3)::varchar || ';'
            || (71000000 + r.n * 3)::varchar end as merged,
        case p.email when {PENDING} then 'Confirmation email sent'
            when {GRANTED} then 'User clicked confirmation' when {WITHDRAWN} then 'Confirmed'
        end as confirmation
    from hubspot as r
    inner join people as p on r.person = p.i
    left join accounts as a on p.account = a.i
    order by r.n"""

_EVENT_SOURCE = f"""
    with mailed as (
        select s.*, h.email as recipient, 75310000 + s.campaign as emailcampaignid, z.start,
            l.utm_source, l.utm_medium, l.utm_campaign, l.utm_content, s.draw % 200 = 0 as bounced
        from sends as s
        inner join hubspot as h on s.contact = h.n
        left join session_starts as z on s.session = z.session
        left join links as l on z.campaign = l.campaign and z.variant = l.variant
        where h.email is not null
    ),
    events as (
        select *, 0 as step, 'SENT' as type, moment as created from mailed
        union all
        select *, 1, case when bounced and session < 0 then 'BOUNCE' else 'DELIVERED' end,
            moment + 1000 + draw % 9000 from mailed
        union all
        select *, 2, 'OPEN', case when session >= 0 then start - 20000 else moment + open_after end
        from mailed
        where session >= 0 or (not bounced and draw % 10 < 4)
        union all
        select *, 3, 'CLICK', start - 3000 from mailed where session >= 0
        union all
        select *, 4, 'SPAMREPORT', moment + open_after + 60000 from mailed
        where session < 0 and not bounced and draw % 400 = 1
    )
    select
        uuid_of('send', n * 5 + step) as id, created, type, recipient, emailcampaignid,
        {PORTAL} as portalid, 113 as appid,
        case when step > 0 then uuid_of('send', n * 5) end as sentby_id,
        case when step > 0 then moment end as sentby_created,
        case when step = 3 then 'https://{COMPANY_HOST}/blog?utm_source=' || utm_source
            || '&utm_medium=' || utm_medium || '&utm_campaign=' || replace(utm_campaign, ' ', '%20')
            || '&utm_content=' || utm_content end as url
    from events
    where created < getvariable('window_end')
    order by created, n, step"""

_FORM_LINE = f"""
    select '{{"conversionId":"' || uuid_of('form', f.n) || '","submittedAt":' || f.moment
        || ',"values":[{{"name":"email","value":' || json_text(f.email)
        || ',"objectTypeId":"0-1"}},{{"name":"firstname","value":'
        || json_text(case when f.draw % 25 = 0 then lower(p.first_name) else p.first_name end)
        || ',"objectTypeId":"0-1"}},{{"name":"lastname","value":'
        || json_text(case when f.draw % 25 = 0 then lower(p.last_name) else p.last_name end)
        || ',"objectTypeId":"0-1"}}'
        || case when f.phone is not null and f.form = 1 then ',{{"name":"phone","value":'
            || json_text(f.phone) || ',"objectTypeId":"0-1"}}' else '' end
        || case when a.name is not null and f.form = 1 then ',{{"name":"company","value":'
            || json_text(a.name) || ',"objectTypeId":"0-1"}}' else '' end
        || '],"pageUrl":"https://{COMPANY_HOST}' || case f.form when 1 then '/demo","pageTitle":'
            || '"Request a demo | Quillmark"'
            else '/newsletter","pageTitle":"Newsletter | Quillmark"' end
        || ',"formId":"' || ['{FORMS[1]}', '{FORMS[2]}'][f.form::int] || '"'
        || case when f.draw % 10 > 0 then ',"context":{{"hutk":"' || case when f.device < 0
            then '00000000-0000-0000-0000-000000000000' else uuid_of('device', f.device) end
            || '"}}' else '' end
        || '}}' as line
    from forms as f
    inner join people as p on f.person = p.i
    left join accounts as a on p.account = a.i
    where f.moment < getvariable('window_end')
    order by f.n"""

_CHANGE_LINE = f"""
    select '{{"timestamp":' || c.moment || ',"portalId":{PORTAL},"recipient":'
        || json_text(coalesce(p.work, p.personal)) || ',"normalizedEmailId":"'
        || hex_of('mailbox', coalesce(p.work, p.personal)) || '","changes":[{{"change":"'
        || case c.kind when {GRANTED} then 'SUBSCRIBED' when {PENDING} then 'PENDING'
            else 'UNSUBSCRIBED' end
        || '","source":"' || case c.kind when {GRANTED} then 'SOURCE_RECIPIENT'
            when {PENDING} then 'SOURCE_DOUBLE_OPT_IN' else 'SOURCE_RECIPIENT' end
        || '","portalId":{PORTAL},"subscriptionId":{SUBSCRIPTION}'
        || ',"changeType":"SUBSCRIPTION_STATUS","causedByEvent":{{"id":"'
        || uuid_of('change', c.person * 4 + c.kind) || '","created":' || c.moment
        || '}}}}]}}' as line
    from changes as c
    inner join people as p on c.person = p.i
    order by c.n"""


def write_hubspot(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    """Write the four files below `folder`; returns rows per file."""
    contacts = csv_line(CONTACTS)
    events = csv_line(EVENTS, quoted=False)
    return {
        "hubspot/contacts.csv": write_lines(
            con, folder / "contacts.csv",
            [f"select {contacts} as line from ({_CONTACT_SOURCE})"],
            header=csv_header(CONTACTS), encoding="utf-8-sig",
        ),
        "hubspot/email_events.csv": write_lines(
            con, folder / "email_events.csv",
            [f"select {events} as line from ({_EVENT_SOURCE})"],
            header=csv_header(EVENTS, quoted=False),
        ),
        "hubspot/form_submissions.jsonl": write_lines(
            con, folder / "form_submissions.jsonl", [_FORM_LINE]
        ),
        "hubspot/subscription_changes.jsonl": write_lines(
            con, folder / "subscription_changes.jsonl", [_CHANGE_LINE]
        ),
    }  # fmt: skip
