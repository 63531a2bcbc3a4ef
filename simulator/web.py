"""Website events as JSON lines: the first half of the months Segment's, the rest RudderStack's."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np

from simulator.calendar import Ints, rng
from simulator.consent import session_consent
from simulator.people import NONE
from simulator.world import COMPANY_HOST, World, load_rows
from simulator.writers import lookup, table, write_lines

CHUNK = 150_000
"""Events per query: bounds the memory of the longest file."""

MONTHS_PER_FILE = 3
PAGES = (
    ("/", "Quillmark | Journeys your data team owns"), ("/pricing", "Pricing | Quillmark"),
    ("/product", "Product | Quillmark"), ("/product/integrations", "Integrations | Quillmark"),
    ("/blog/attribution-guide", "The attribution guide | Quillmark blog"),
    ("/blog/warehouse-native", "Why warehouse-native? | Quillmark blog"),
    ("/customers", "Customers | Quillmark"), ("/compare/cdp", "CDPs, compared | Quillmark"),
    ("/resources/benchmark-report", "Benchmark report | Quillmark"), ("/docs", "Docs | Quillmark"),
    ("/demo", "Request a demo | Quillmark"), ("/newsletter", "Newsletter | Quillmark"),
    ("/app/home", "Home | Quillmark"),
)  # fmt: skip
_FORM_PAGE = np.array([0, 10, 11])
_APP = 12
USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/137.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0",
)
PAGE, IDENTIFY, TRACK = 0, 1, 2

# Referrer of a landing by channel; e-mail clients and typed addresses send none.
_REFERRER = """
    case s.channel
        when 0 then case when l.utm_source ilike 'bing%' then 'https://www.bing.com/'
            else 'https://www.google.com/' end
        when 1 then case when l.utm_medium is not null and l.source0 = 'facebook'
            then 'https://l.facebook.com/' else 'https://www.linkedin.com/' end
        when 2 then 'https://ads.doubleclick.example/'
        when 4 then ['https://www.google.com/', 'https://www.google.com/', 'https://www.bing.com/',
            'https://duckduckgo.com/'][(s.sid % 4 + 1)::int]
        when 5 then ['https://www.g2.com/', 'https://www.capterra.com/',
            'https://agency-directory.example/partners'][(s.sid % 3 + 1)::int]
        when 6 then ['https://www.linkedin.com/', 'https://t.co/', 'https://www.youtube.com/']
            [(s.sid % 3 + 1)::int]
        when 7 then ['https://chatgpt.com/', 'https://www.perplexity.ai/',
            'https://gemini.google.com/'][(s.sid % 3 + 1)::int]
        else ''
    end"""
_QUERY = """
    case
        when s.campaign >= 0 then '?utm_source=' || l.utm_source || '&utm_medium=' || l.utm_medium
            || '&utm_campaign=' || replace(l.utm_campaign, ' ', '%20')
            || '&utm_content=' || l.utm_content
            || case
                when s.channel in (0, 2) and l.source0 = 'google'
                    then '&gclid=Cj0KCQjw' || hex_of('gclid', s.sid)[:22] || '_BwE'
                when s.channel = 0 then '&msclkid=' || hex_of('msclkid', s.sid)
                when s.channel = 1 and l.source0 = 'facebook'
                    then '&fbclid=IwAR' || hex_of('fbclid', s.sid)
                when s.channel = 1 then '&li_fat_id=' || uuid_of('li', s.sid)
                else ''
            end
        when s.channel = 7 and s.sid % 3 = 0 then '?utm_source=chatgpt.com'
        else ''
    end"""

_SESSIONS = f"""
create or replace table visits as
select s.*,
    {_REFERRER} as landing_referrer,
    {_QUERY} as landing_query,
    l.utm_source, l.utm_medium, l.utm_campaign, l.utm_content,
    case when s.device < 0 then '00000000-0000-0000-0000-000000000000'
        else uuid_of('device', s.device) end as anonymous_id
from sessions as s
left join (
    select a.*, b.utm_source as source0
    from links as a
    inner join links as b on a.campaign = b.campaign and b.variant = 0
) as l on s.campaign = l.campaign and s.variant = l.variant
"""

_EVENTS = f"""
    select
        e.*, v.person, v.anonymous_id, v.analytics, v.advertising, v.start, v.device,
        g.path, g.title,
        case when e.step = 0 then v.landing_query else '' end as search,
        case when e.step = 0 then v.landing_referrer
            else 'https://{COMPANY_HOST}' || b.path end as referrer,
        'https://{COMPANY_HOST}' || g.path
            || case when e.step = 0 then v.landing_query else '' end as url,
        v.landing_referrer, e.step = 0 and v.utm_source is not null as has_campaign,
        v.utm_source, v.utm_medium, v.utm_campaign, v.utm_content,
        p.locale, p.zone, p.first_name, p.last_name, p.has_loyalty, p.loyalty,
        case when e.kind = 1 and e.is_login then case when r.draw % 100 = 99 then '00000000'
            else p.user_id end end as user_id,
        case when e.kind > 0 then r.email end as email,
        case when e.kind = 1 and r.draw % 2 = 0 then r.phone end as phone,
        u.word as user_agent
    from events as e
    inner join visits as v on e.sid = v.sid
    inner join people as p on v.person = p.i
    inner join pages as g on e.page = g.n
    inner join pages as b on e.previous = b.n
    inner join user_agents as u on (v.device + 4) % 4 = u.n
    left join identified as r on e.row = r.key
    order by e.n"""

_CONTEXT_CAMPAIGN = """
        case when has_campaign then '"campaign":{{"name":' || json_text(utm_campaign)
            || ',"source":' || json_text(utm_source) || ',"medium":' || json_text(utm_medium)
            || ',"content":' || json_text(utm_content) || '}},' else '' end"""
_CONTEXT_CONSENT = """
        case when analytics >= 0 then '"consent":{{"categoryPreferences":{{"Advertising":'
            || case advertising when 1 then 'true' else 'false' end || ',"Analytics":'
            || case analytics when 1 then 'true' else 'false' end || '}}}},' else '' end"""
_TRAITS = """
        '{{' || array_to_string(list_filter([
            case when email is not null then '"email":' || json_text(email) end,
            '"firstName":' || json_text(first_name), '"lastName":' || json_text(last_name),
            case when phone is not null then '"phone":' || json_text(phone) end,
            case when has_loyalty then '"loyaltyId":' || json_text(loyalty) end
        ], lambda x: x is not null), ',') || '}}'"""
_PAGE_FIELDS = """
        '"path":' || json_text(path) || ',"referrer":' || json_text(referrer)
        || ',"search":' || json_text(search) || ',"title":' || json_text(title)
        || ',"url":' || json_text(url)"""
_SEGMENT = f"""
    select '{{{{"anonymousId":"' || anonymous_id || '","channel":"client","context":{{{{'
        || {_CONTEXT_CAMPAIGN} || {_CONTEXT_CONSENT}
        || '"ip":"203.0.113.' || (device + 4) % 250 || '","library":{{{{"name":"analytics.js",'
        || '"version":"next-1.81.0"}}}},"locale":"' || locale || '","page":{{{{' || {_PAGE_FIELDS}
        || '}}}},"timezone":"' || zone || '","userAgent":"' || user_agent || '"}}}},'
        || case when kind = {TRACK} then '"event":"Demo Requested",' else '' end
        || '"integrations":{{{{}}}},"messageId":"ajs-next-' || moment || '-'
        || uuid_of('event', eid)
        || case kind when {PAGE} then '","name":' || json_text(title) else '"' end
        || ',"originalTimestamp":"' || iso_ms(moment) || '","projectId":"hGd4nQ3zYxk7QvLm2Wb8pR",'
        || case kind
            when {PAGE} then '"properties":{{{{' || {_PAGE_FIELDS} || '}}}},'
            when {TRACK} then '"properties":{{{{"form":"demo","plan":"platform"}}}},'
            else '"traits":' || {_TRAITS} || ',' end
        || '"receivedAt":"' || iso_ms(moment + 1180) || '","sentAt":"' || iso_ms(moment + 1004)
        || '","timestamp":"' || iso_ms(moment + 176) || '","type":"'
        || ['page', 'identify', 'track'][(kind + 1)::int] || '","userId":'
        || coalesce('"' || user_id || '"', 'null') || ',"version":2}}}}' as line
    from ({{events}})"""
_RUDDER_PAGE = """
        '"initial_referrer":' || json_text(coalesce(nullif(landing_referrer, ''), '$direct'))
        || ',"initial_referring_domain":' || json_text(split_part(landing_referrer, '/', 3))
        || ',"path":' || json_text(path) || ',"referrer":'
        || json_text(coalesce(nullif(referrer, ''), '$direct'))
        || ',"referring_domain":' || json_text(split_part(referrer, '/', 3))
        || ',"search":' || json_text(search) || ',"tab_url":' || json_text(url)
        || ',"title":' || json_text(title) || ',"url":' || json_text(url)"""
_RUDDER = f"""
    select '{{{{"anonymousId":"' || anonymous_id || '","channel":"web","context":{{{{'
        || '"app":{{{{"installType":"cdn","name":"RudderLabs JavaScript SDK",'
        || '"namespace":"com.rudderlabs.javascript","version":"3.20.1"}}}},'
        || {_CONTEXT_CAMPAIGN} || {_CONTEXT_CONSENT}
        || '"library":{{{{"name":"RudderLabs JavaScript SDK","version":"3.20.1"}}}},"locale":"'
        || locale || '","os":{{{{"name":"","version":""}}}},"page":{{{{' || {_RUDDER_PAGE}
        || '}}}},"sessionId":' || start // 1000 || ',"timezone":"' || zone || '",'
        || case when kind = {IDENTIFY} then '"traits":' || {_TRAITS} || ',' else '' end
        || '"userAgent":"' || user_agent || '"}}}},'
        || case when kind = {TRACK} then '"event":"Demo Requested",' else '' end
        || '"integrations":{{{{"All":true}}}},"messageId":"' || uuid_of('event', eid)
        || case kind when {PAGE} then '","name":' || json_text(title) else '"' end
        || ',"originalTimestamp":"' || iso_ms(moment) || '",'
        || case kind
            when {PAGE} then '"properties":{{{{' || {_RUDDER_PAGE} || '}}}},'
            when {TRACK} then '"properties":{{{{"form":"demo","plan":"platform"}}}},'
            else '' end
        || '"receivedAt":"' || iso_ms(moment + 1350) || '","request_ip":"203.0.113.'
        || (device + 4) % 250 || '","rudderId":"' || uuid_of('rudder', device) || '","sentAt":"'
        || iso_ms(moment + 990) || '","timestamp":"' || iso_ms(moment + 360) || '","type":"'
        || ['page', 'identify', 'track'][(kind + 1)::int] || '","userId":'
        || '"' || coalesce(user_id, '') || '"}}}}' as line
    from ({{events}})"""


def load_web(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """Tables `visits` (a row a session) and `identified` (who each identify call names)."""
    s = world.journeys.sessions
    analytics, advertising = session_consent(world.journeys, world.consents)
    table(
        con, "sessions",
        {"sid": np.arange(len(s)), **vars(s), "analytics": analytics, "advertising": advertising},
    )  # fmt: skip
    con.execute(_SESSIONS)
    con.execute("drop table sessions")
    table(con, "pages", {"n": np.arange(len(PAGES)), "path": [path for path, _ in PAGES],
          "title": [title for _, title in PAGES]})  # fmt: skip
    lookup(con, "user_agents", USER_AGENTS)
    load_rows(con, "logins", world.records.logins)
    con.execute(
        "create or replace table identified as"
        " select n * 2 as key, email, phone, draw from forms"
        " union all select n * 2 + 1, email, phone, draw from logins"
    )


def write_web(
    con: duckdb.DuckDBPyConnection, folder: Path, world: World, seed: int
) -> dict[str, int]:
    """Write files of up to three months below `folder`; returns rows per file."""
    span = world.span
    half = (len(span.months) + 1) // 2
    edges = (*span.month_starts, span.end)
    rows = {}
    for vendor, first, stop in (("segment", 0, half), ("rudderstack", half, len(span.months))):
        template = _SEGMENT if vendor == "segment" else _RUDDER
        for begin in range(first, stop, MONTHS_PER_FILE):
            end = min(begin + MONTHS_PER_FILE, stop)
            year, month = span.months[begin]
            name = f"{vendor}_{year}-{month:02d}.jsonl"
            queries = (
                template.format(events=_EVENTS)
                for _ in _chunks(con, world, edges[begin], edges[end], seed)
            )
            rows[f"web_events/{name}"] = write_lines(con, folder / name, queries)
    return rows


def _chunks(
    con: duckdb.DuckDBPyConnection, world: World, begin: int, end: int, seed: int
) -> Iterator[None]:
    """Put table `events` in place for one stretch of sessions after the other."""
    s = world.journeys.sessions
    low, high = np.searchsorted(s.start, [begin, end])
    step = CHUNK // 3
    for first in range(int(low), int(high), step):
        sid = np.arange(first, min(first + step, int(high)))
        table(con, "events", _expand(world, sid, seed))
        yield


def _expand(world: World, sid: Ints, seed: int) -> dict[str, Ints]:
    """The events of some sessions in order of time within each: pages, then identify and track."""
    gen = rng(seed, f"events-{sid[0]}")
    s, r = world.journeys.sessions, world.records
    count = s.pages[sid]
    at = np.repeat(np.arange(len(sid)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    form, login = s.form[sid], s.login[sid]
    page = np.where(step == 0, gen.choice(10, len(at), p=_LANDING), gen.integers(0, 10, len(at)))
    last = step == count[at] - 1
    page = np.where(last & (form[at] > 0), _FORM_PAGE[form[at]], page)
    page = np.where((step == 0) & login[at] & (s.channel[sid][at] == 8), _APP, page)
    gap = gen.integers(8_000, 50_000, len(at))
    when = s.start[sid][at] + np.where(step == 0, 0, step * 22_000 + gap // 2)
    previous = np.where(step == 0, 0, np.concatenate([[0], page[:-1]]))
    final = np.cumsum(count) - 1
    form_row = np.searchsorted(r.form_session, sid)
    login_row = np.searchsorted(r.login_session, sid)
    filled, entered = np.flatnonzero(form > 0), np.flatnonzero(login)
    demo = np.flatnonzero(form == 1)

    def after(which: Ints, milliseconds: int) -> Ints:
        return np.asarray(when[final[which]] + milliseconds)

    parts = {
        "sid": [sid[at], sid[filled], sid[entered], sid[demo]],
        "kind": [np.full(len(at), PAGE), *(np.full(len(k), v) for k, v in
                 ((filled, IDENTIFY), (entered, IDENTIFY), (demo, TRACK)))],
        "step": [step, *(count[k] for k in (filled, entered, demo))],
        "page": [page, *(page[final[k]] for k in (filled, entered, demo))],
        "previous": [previous, *(page[final[k]] for k in (filled, entered, demo))],
        "moment": [when, after(filled, 6_000), after(entered, 8_000), after(demo, 7_000)],
        "row": [np.full(len(at), NONE), form_row[filled] * 2, login_row[entered] * 2 + 1,
                form_row[demo] * 2],
    }  # fmt: skip
    columns = {name: np.concatenate(values) for name, values in parts.items()}
    columns["is_login"] = columns["row"] % 2 == 1
    columns["is_login"][columns["row"] < 0] = False
    columns["moment"] = np.minimum(columns["moment"], world.span.end - 2_000)
    order = np.lexsort((columns["kind"], columns["step"], columns["sid"], columns["moment"]))
    columns = {name: values[order] for name, values in columns.items()}
    columns["n"] = np.arange(len(order))
    columns["eid"] = columns["sid"] * 64 + columns["step"] * 8 + columns["kind"] * 2
    columns["eid"] += columns["is_login"]
    return columns


_LANDING = (0.26, 0.14, 0.12, 0.08, 0.12, 0.08, 0.06, 0.06, 0.06, 0.02)
