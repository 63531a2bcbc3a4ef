"""Which pages count, and the sessions they make: rules, collectors, pauses and campaigns."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from warehouse.connection import connect
from warehouse.dbt import build

SEED = 20260901
DAY = datetime(2026, 9, 1)
MODELS = "identity.evidence.web int_web__numbered_pages int_web__sessions"
LAW = "assert_pages_are_conserved"
SITE = "www.shop.example"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/139.0.0.0 Safari/537.36"
)
PEOPLE = [
    CHROME,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/139.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Slack/4.45.64 Chrome/138.0.0.0 Electron/37.2.0 Safari/537.36",
    None,
]
PROGRAMS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "bot_named",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)": "bot_named",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2": "bot_named",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": "bot_named",
    "facebookexternalhit/1.1": "bot_crawler",
    "Mozilla/5.0 (compatible; Baiduspider/2.0)": "bot_crawler",
    "Mozilla/5.0 AppleWebKit/537.36; compatible; ChatGPT-User/1.0": "bot_assistant",
    "WhatsApp/2.23.20.0": "bot_preview",
    CHROME.replace("Chrome/", "HeadlessChrome/"): "bot_headless",
    CHROME + " Chrome-Lighthouse": "bot_audit",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0)": "bot_monitor",
    "python-requests/2.32.3": "bot_library",
    "curl/8.9.1": "bot_library",
    "AdsBot-Google (+http://www.google.com/adsbot.html)": "bot_ad_check",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)": "bot_mail_check",
}
INTERNAL = {
    ("page_host", "localhost"): "internal_local",
    ("page_host", "192.168.1.20"): "internal_local",
    ("page_host", "staging.shop.example"): "internal_stage",
    ("page_host", "www-dev2.shop.example"): "internal_stage",
    ("page_host", "dev-www.shop.example"): "internal_stage",
    ("page_host", "shop-git-main.vercel.app"): "internal_deploy",
    ("page_path", "/wp-admin/post.php"): "internal_admin",
    ("page_path", "/admin"): "internal_admin",
    ("referrer_host", "tagassistant.google.com"): "internal_preview",
    ("traffic_type", "internal"): "internal_ga4",
}
OUTSIDE = {
    "page_host": [
        "tester.example",
        "testimonials.example",
        "device.shop.example",
        "test-kitchen.example",
        "dev.to",
    ],
    "page_path": ["/administration", "/blog/wp-admin-guide"],
    "referrer_host": ["www.google.com", "google.com"],
}
CAMPAIGNS: list[dict[str, str]] = [
    {},
    {"utm_source": "google"},
    {"utm_source": "Google"},
    {"utm_source": "bing"},
    {"gbraid": "b1"},
    {"gbraid": "b2"},
]


def page(event: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "web_event_id": event, "anonymous_id": f"v-{event}", "occurred_at": at,
        "page_url": f"https://{SITE}/x", "page_host": SITE, "page_path": "/x",
    } | fields  # fmt: skip


def random_pages() -> list[dict[str, Any]]:
    """Visits of forty visitors around the limit of a session, to the second."""
    pick = random.Random(SEED)
    found = []
    for visitor in range(40):
        at = DAY + timedelta(days=30, seconds=pick.randrange(10**6))
        for n in range(pick.randrange(1, 12)):
            at += timedelta(seconds=pick.choice([1, 60, 1799, 1800, 1801, 7200]))
            fields = pick.choice(CAMPAIGNS) if pick.random() < 0.5 else {}
            found.append(page(f"r{visitor}-{n:02d}", at, anonymous_id=f"r{visitor}", **fields))
    return found


RANDOM = random_pages()
SEGMENT = [
    *(page(f"human{n}", DAY, user_agent=agent) for n, agent in enumerate(PEOPLE)),
    *(page(f"program{n}", DAY, user_agent=agent) for n, agent in enumerate(PROGRAMS)),
    *(page(f"outside-{field}-{n}", DAY, **{field: value})
      for field, values in OUTSIDE.items() for n, value in enumerate(values)),
    *(page(f"internal{n}", DAY, **{field: value})
      for n, (field, value) in enumerate(INTERNAL) if field != "traffic_type"),
    # A bot on an internal page: the bot is named, it comes first.
    page("both", DAY, user_agent="curl/8.9.1", page_host="localhost"),
    # Three sites, three days: what each collector saw.
    page("s-1", DAY + timedelta(days=1, hours=23)),
    page("s-bot", DAY + timedelta(days=3), user_agent="curl/8.9.1"),
    *RANDOM,
]  # fmt: skip
GA4 = [
    page("g-1", DAY + timedelta(days=1), anonymous_id="g"),
    page("g-2", DAY + timedelta(days=2), anonymous_id="g"),
    page("g-3", DAY + timedelta(days=3), anonymous_id="g"),
    page("g-blog", DAY + timedelta(days=1), anonymous_id="g", page_host="blog.shop.example"),
    page("g-internal", DAY, traffic_type="internal"),
    page("g-refused", DAY + timedelta(days=2), anonymous_id=None, has_analytics_consent=False),
]


@pytest.fixture(scope="module")
def web(
    module_home: Any, marts: Callable[..., None], query: Callable[[str], list[dict[str, Any]]]
) -> Callable[[str], list[dict[str, Any]]]:
    tables = {"staging.stg_web_events__pages": SEGMENT, "staging.stg_web_events__ga4_pages": GA4}
    marts(tables, select=f"{MODELS} {LAW}")
    return query


@pytest.fixture(scope="module")
def left_out(web: Any) -> dict[str, tuple[str, str]]:
    rows = web("from identity.int_web__left_out_pages")
    return {r["web_event_id"]: (r["left_out_reason"], r["left_out_by"]) for r in rows}


def test_programs_are_left_out_by_the_rule_that_names_them(left_out: Any) -> None:
    found = {agent: left_out.get(f"program{n}") for n, agent in enumerate(PROGRAMS)}
    assert found == {agent: ("bot", rule) for agent, rule in PROGRAMS.items()}
    assert left_out["both"] == ("bot", "bot_library")


def test_people_count_whatever_they_browse_with(left_out: Any) -> None:
    assert not [a for n, a in enumerate(PEOPLE) if f"human{n}" in left_out]


def test_internal_pages_are_left_out_and_likenesses_are_not(left_out: Any) -> None:
    for n, ((field, value), rule) in enumerate(INTERNAL.items()):
        event = "g-internal" if field == "traffic_type" else f"internal{n}"
        assert left_out.get(event) == ("internal", rule), value
    assert not [e for e in left_out if e.startswith("outside-")]


def test_a_site_that_is_measured_twice_is_counted_once(left_out: Any) -> None:
    # On day 1 Segment saw the site too; on day 3 nothing of it but a bot.
    others = {e: why for e, why in left_out.items() if why[0] == "other_collector"}
    assert others == {"g-1": ("other_collector", "segment_first")}


def test_every_page_is_in_a_session_or_left_out(web: Any, left_out: Any) -> None:
    sessions = web("from marts.int_web__sessions")
    assert len(left_out) == len(PROGRAMS) + len(INTERNAL) + 3
    pages = sum(row["page_count"] for row in sessions)
    assert pages + len(left_out) == len(SEGMENT) + len(GA4)
    assert {r["collector"] for r in sessions} == {"segment", "ga4"}
    refused = next(r for r in sessions if r["web_event_id"] == "g-refused")
    assert (refused["visitor_id"], refused["has_analytics_consent"]) == ("g-refused", False)


def expected(split_by_campaign: bool) -> dict[str, int]:
    """Pages per session by its landing page, by a loop."""
    visits: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in RANDOM:
        visits[row["anonymous_id"]].append(row)
    found: Counter[str] = Counter()
    for rows in visits.values():
        landing, last, campaign = "", None, None
        for row in sorted(rows, key=lambda r: (r["occurred_at"], r["web_event_id"])):
            says = (row.get("utm_source", "").lower(), row.get("gbraid"))
            paused = last is None or row["occurred_at"] - last > timedelta(minutes=30)
            if paused:
                campaign = None
            new = any(says) and says != campaign
            if paused or (new and split_by_campaign):
                landing = row["web_event_id"]
            campaign = says if any(says) else campaign
            last = row["occurred_at"]
            found[landing] += 1
    return dict(found)


def sessions_of(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {r["web_event_id"]: r["page_count"] for r in rows if r["web_event_id"][0] == "r"}


def test_sessions_are_what_a_loop_finds(web: Any) -> None:
    found = sessions_of(web("from marts.int_web__sessions"))
    assert len(found) > 100
    assert found == expected(split_by_campaign=True), f"seed {SEED}"


def test_a_new_campaign_splits_no_session_where_the_rule_is_off(web: Any) -> None:
    with connect("test") as con:
        con.execute("update rules.session_rules set is_on = false where rule = 'new_campaign'")
    build("int_web__numbered_pages int_web__sessions", command="run")
    found = sessions_of(web("from marts.int_web__sessions"))
    assert found == expected(split_by_campaign=False), f"seed {SEED}"
    assert len(found) < len(expected(split_by_campaign=True))
