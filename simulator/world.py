"""The whole invented company: built from the seed, then loaded into DuckDB for writing."""

from dataclasses import dataclass

import duckdb
import numpy as np

from simulator import names
from simulator.calendar import Window, window
from simulator.campaigns import Campaigns, build_campaigns, link_rows
from simulator.consent import Consents, build_consents
from simulator.errors import SimulatorError
from simulator.holdouts import Holdouts, assign
from simulator.journeys import Journeys, build_journeys
from simulator.people import Accounts, People, build_accounts, build_people
from simulator.rates import MEDIA, RATES, Media, Rates
from simulator.records import Records, Rows, build_records
from simulator.writers import lookup, table

COMPANY_HOST = "www.quillmark.example"
JUNK_EMAILS = ("test@test.com", "test@example.com", "noreply@example.com", "none@none.com")
JUNK_PHONES = ("555-555-5555", "(212) 555-0100", "+1 555 0100", "555-0199")
ZERO_DEVICE = "00000000-0000-0000-0000-000000000000"


@dataclass
class World:
    """Everything that happened, as arrays of small numbers."""

    span: Window
    accounts: Accounts
    people: People
    campaigns: Campaigns
    journeys: Journeys
    consents: Consents
    records: Records
    holdouts: Holdouts | None = None


def build_world(
    people: int, months: int, seed: int, rates: Rates = RATES, *, media: Media = MEDIA,
    holdouts: bool = False,
) -> World:  # fmt: skip
    """A world of `people` people over `months` months; the same arguments give the same world.

    With `holdouts`, some people's visits through some channels do not happen in some months.
    Raises SimulatorError on fewer than 50 people or on months outside 1 to 60.
    """
    if people < 50 or not 1 <= months <= 60:
        raise SimulatorError(
            f"expected at least 50 people and 1 to 60 months, got {people} and {months}"
        )
    span = window(months)
    accounts = build_accounts(people, span, rates, seed)
    crowd = build_people(people, accounts, span, rates, seed)
    campaigns = build_campaigns(span, rates, seed)
    held = assign(crowd, span, seed) if holdouts else None
    journeys = build_journeys(
        crowd, accounts, campaigns, span=span, rates=rates, seed=seed, media=media, holdouts=held
    )
    consents = build_consents(journeys, span, rates, seed)
    records = build_records(crowd, accounts, campaigns, journeys, span=span, rates=rates, seed=seed)
    return World(span, accounts, crowd, campaigns, journeys, consents, records, held)


def load(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """Tables `accounts`, `people`, `campaigns`, `links` and the row tables, with their words."""
    _words(con)
    a = world.accounts
    table(con, "account_numbers", {"i": np.arange(len(a)), **vars(a)})
    con.execute(_ACCOUNTS)
    p, j = world.people, world.journeys
    table(
        con, "people_numbers",
        {"i": np.arange(len(p)), **vars(p), "current": p.current_account(),
         "known_at": j.known_at, "is_user": j.is_user, "is_lead": j.is_lead,
         "is_contact": j.is_contact, "score": j.score, **vars(world.consents)},
    )  # fmt: skip
    con.execute(_PEOPLE)
    con.execute("drop table people_numbers")
    c = world.campaigns
    table(con, "campaigns", {"i": np.arange(len(c)), **vars(c)})
    links = list(zip(*link_rows(c), strict=True))
    keys = ("campaign", "variant", "utm_source", "utm_medium", "utm_campaign", "utm_content")
    table(con, "links", dict(zip(keys, links, strict=True)))


def load_rows(con: duckdb.DuckDBPyConnection, name: str, rows: Rows, **extra: object) -> None:
    """Table `name`: the rows numbered by `n`, with `email` and `phone` as they were written."""
    columns = {"moment" if key == "at" else key: values for key, values in vars(rows).items()}
    table(con, f"{name}_numbers", {"n": np.arange(len(rows)), **columns, **extra})
    con.execute(_ROWS.format(name=name))
    con.execute(f"drop table {name}_numbers")


def _words(con: duckdb.DuckDBPyConnection) -> None:
    keys = ("country", "n", "first_name", "first_slug", "last_name", "last_slug")
    table(con, "name_words", dict(zip(keys, zip(*names.name_rows(), strict=True), strict=True)))
    lookup(con, "company_first", names.split(names.COMPANY_FIRST))
    lookup(con, "company_second", names.split(names.COMPANY_SECOND))
    lookup(con, "industries", names.split(names.INDUSTRIES))
    lookup(con, "titles", names.split(names.TITLES))
    lookup(con, "departments", names.split(names.DEPARTMENTS))
    lookup(con, "junk_emails", JUNK_EMAILS)
    lookup(con, "junk_phones", JUNK_PHONES)
    table(
        con, "countries",
        {"n": np.arange(4), "code": names.COUNTRIES, "country_name": names.COUNTRY_NAMES,
         "currency": names.CURRENCIES, "locale": names.LOCALES, "zone": names.ZONES,
         "form": names.COMPANY_FORM,
         "providers": [names.split(words) for words in names.PROVIDERS]},
    )  # fmt: skip


_ACCOUNTS = """
create or replace table accounts as
select
    a.*, c.code, c.country_name, c.currency,
    f.word || ' ' || s.word
    || case when a.word // 3600 > 0 then ' ' || (a.word // 3600 + 1) else '' end
    || case when a.word % 7 = 0 then ', ' || c.form else '' end as name,
    lower(f.word || '-' || s.word)
    || case when a.word // 3600 > 0 then '-' || (a.word // 3600 + 1) else '' end
    || '.example' as domain,
    i.word as industry_name
from account_numbers as a
inner join countries as c on a.country = c.n
inner join company_first as f on a.word % 60 = f.n
inner join company_second as s on (a.word // 60) % 60 = s.n
inner join industries as i on a.industry = i.n
order by a.i
"""

# Fictional ranges: US exchanges 958/959 (plant tests), and the blocks regulators keep for drama in
# GB, DE and FR; a world too big for them goes on with the numbers that follow.
_PEOPLE = """
create or replace macro work_address(first_slug, last_slug, word) as
    case word % 3
        when 0 then first_slug || '.' || last_slug
        when 1 then substr(first_slug, 1, 1) || last_slug
        else first_slug || '_' || last_slug
    end;
create or replace table people as
with named as (
    select p.*, f.first_name, f.first_slug, l.last_name, l.last_slug,
        c.code, c.country_name, c.currency, c.locale, c.zone,
        c.providers[(p.provider + 1)::int] as provider_host,
        old.domain as domain0, old.word as word0, new.domain as domain1, new.word as word1
    from people_numbers as p
    inner join name_words as f on p.country = f.country and p.first = f.n
    inner join name_words as l on p.country = l.country and p.last = l.n
    inner join countries as c on p.country = c.n
    left join accounts as old on p.account = old.i
    left join accounts as new on p.new_account = new.i
),
addressed as (
    select
        *, work_address(first_slug, last_slug, word0) as local0,
        work_address(first_slug, last_slug, word1) as local1,
        first_slug || case when year % 2 = 0 then '.' else '' end || last_slug
        || lpad(year::varchar, 2, '0') as local2
    from named
),
numbered as (
    select
        *,
        row_number() over (partition by domain0, local0 order by i) as copy0,
        row_number() over (partition by domain1, local1 order by i) as copy1,
        row_number() over (partition by provider_host, local2 order by i) as copy2
    from addressed
),
heads as (
    select n.inbox, n.last_slug, n.provider_host
    from named as n
    where n.inbox >= 0
    qualify row_number() over (partition by n.inbox order by n.i) = 1
)
select
    n.* exclude (copy0, copy1, copy2, local0, local1, local2, word0, word1),
    n.local0 || case when n.copy0 > 1 then n.copy0::varchar else '' end || '@' || n.domain0
        as work,
    n.local1 || case when n.copy1 > 1 then n.copy1::varchar else 'n' end || '@' || n.domain1
        as new_work,
    n.local2 || case when n.copy2 > 1 then '.' || n.copy2 else '' end || '@' || n.provider_host
        as personal,
    case
        when n.inbox < 0 then null
        when n.inbox_is_family
            then 'family.' || h.last_slug || n.inbox || '@' || h.provider_host
        else ['info', 'team', 'office', 'marketing'][(n.inbox % 4 + 1)::int]
            || case when n.inbox >= 4 and n.inbox % 3 = 0 then n.inbox::varchar else '' end
            || '@' || n.domain0
    end as inbox_address,
    case n.country
        when 0 then ['206', '303', '312', '404', '415', '512', '602', '617', '646', '702', '713',
            '773', '808', '813', '917', '971'][(n.phone % 16 + 1)::int]
        when 1 then ['20', '113', '114', '116', '117', '118', '121', '131', '141', '151',
            '161'][(n.phone % 11 + 1)::int]
        when 2 then ['30', '69', '40', '221', '89'][(n.phone % 5 + 1)::int]
        else ['1', '2', '3', '4', '5'][(n.phone % 5 + 1)::int]
    end as area,
    case n.country
        when 0 then (9580000 + n.phone // 16)::varchar
        when 1 then (case when n.phone % 11 = 0 then 79460000 else 4960000 end + n.phone // 11)
            ::varchar
        when 2 then ([23125000, 90009000, 66969000, 4710000, 99998000][(n.phone % 5 + 1)::int]
            + n.phone // 5)::varchar
        else ([99000000, 61910000, 53010000, 65710000, 36490000][(n.phone % 5 + 1)::int]
            + n.phone // 5)::varchar
    end as number,
    ['+1', '+44', '+49', '+33'][(n.country + 1)::int] as calling_code,
    'LQ-' || lpad(((n.i * 7919 + 104729) % 100000007)::varchar, 8, '0') as loyalty,
    'u_' || substr(hex_of('user', n.i), 1, 10) as user_id,
    t.word as title_name, d.word as department_name,
    n.current as current_account
from numbered as n
inner join titles as t on n.title = t.n
inner join departments as d on n.title = d.n
left join heads as h on n.inbox = h.inbox
order by n.i
"""

_ROWS = """
create or replace table {name} as
select
    r.* exclude (phone, slot, typo, typo_at, style), r.slot, r.typo,
    case r.slot
        when 4 then j.word
        when 5 then null
        else typo(
            case r.slot
                when 0 then p.work when 1 then p.new_work when 2 then p.personal
                else p.inbox_address
            end, r.typo, r.typo_at
        )
    end as email,
    case
        when r.phone = 0 then null
        when r.phone = 2 then k.word
        when r.style = 0 then p.calling_code || p.area || p.number
        when r.style = 1 then p.calling_code || ' ' || p.area || ' ' || p.number
        when p.country = 0 then '(' || p.area || ') ' || p.number[:3] || '-' || p.number[4:]
        when p.country = 3 then '0' || p.area || ' ' || p.number[:2] || ' ' || p.number[3:4]
            || ' ' || p.number[5:6] || ' ' || p.number[7:]
        else '0' || p.area || ' ' || p.number
    end as phone,
    r.phone as phone_kind
from {name}_numbers as r
inner join people as p on r.person = p.i
inner join junk_emails as j on r.draw % 4 = j.n
inner join junk_phones as k on r.draw % 4 = k.n
order by r.n
"""
