"""Sessions, channels, duplicates, consent and the time of a touch; spend without conversions."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

T = datetime(2026, 1, 10, 12)
HALF_HOUR = timedelta(minutes=30)
SECOND = timedelta(seconds=1)


def page(event: str, visitor: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "web_event_id": event, "anonymous_id": visitor, "occurred_at": at,
        "page_url": "https://www.shop.example/pricing?utm_x=1", "page_host": "www.shop.example",
    } | fields  # fmt: skip


def owner(kind: str, value: str, person: str) -> dict[str, str]:
    return {"id_type": kind, "id_value": value, "person_id": person}


UTM = {"utm_source": "HubSpot", "utm_medium": "mail", "utm_campaign": "nurture smb q1-2026 digest"}
CHANNELS: list[tuple[str, dict[str, Any]]] = [
    ("direct", {}),
    ("direct", {"referrer_host": "shop.example"}),
    ("direct", {"referrer_host": "docs.shop.example"}),
    ("organic_search", {"referrer_host": "www.bing.com"}),
    ("ai_assistants", {"referrer_host": "chatgpt.com"}),
    ("ai_assistants", {"utm_source": "chatgpt.com"}),
    ("organic_social", {"referrer_host": "t.co"}),
    ("organic_social", {"fbclid": "x", "referrer_host": "m.facebook.com"}),
    ("referral", {"referrer_host": "blog.example"}),
    ("paid_search", {"utm_source": "AdWords", "utm_medium": "PPC"}),
    ("paid_search", {"gclid": "x", "referrer_host": "www.google.com"}),
    ("paid_search", {"gbraid": "x"}),
    ("paid_search", {"wbraid": "x", "fbclid": "y"}),
    ("display", {"dclid": "x"}),
    ("paid_social", {"ttclid": "x", "referrer_host": "www.tiktok.com"}),
    ("paid_social", {"twclid": "x"}),
    ("paid_social", {"rdt_cid": "x"}),
    ("paid_social", {"sccid": "x"}),
    ("paid_social", {"epik": "x"}),
    ("paid_social", {"utm_source": "li", "utm_medium": "paid-social"}),
    ("display", {"utm_source": "google", "utm_medium": "display"}),
    ("paid_video", {"utm_source": "youtube", "utm_medium": "cpc"}),
    ("email", {"utm_source": "newsletter", "utm_medium": "e-mail"}),
    ("events", {"utm_source": "partner", "utm_medium": "event"}),
    ("webinars", {"utm_source": "hubspot", "utm_medium": "webinar"}),
    ("partner", {"utm_source": "partner", "utm_medium": "email"}),
    ("affiliate", {"utm_source": "g2", "utm_medium": "affiliate"}),
    ("other", {"utm_source": "mystery"}),
]
PAGES = [
    page("gap1", "gap", T),
    page("gap2", "gap", T + HALF_HOUR),
    page("gap3", "gap", T + 2 * HALF_HOUR + SECOND),
    page("camp1", "camp", T),
    page("camp2", "camp", T + SECOND, utm_source="google", utm_medium="cpc"),
    page("camp3", "camp", T + 2 * SECOND),
    page("camp4", "camp", T + 3 * SECOND, utm_source="Google", utm_medium="cpc"),
    page("camp5", "camp", T + 4 * SECOND, utm_source="bing", utm_medium="cpc"),
    page("open", "mail", T + timedelta(seconds=300), **UTM),
    page("late", "mail2", T + timedelta(seconds=301), **UTM),
    page("no", "no", T, has_analytics_consent=False),
    page("yes", "yes", T, has_analytics_consent=True),
    page("before", "changed", T - SECOND),
    page("after", "changed2", T),
    page("shared", "shared", T),
    *(page(f"ch{i}", f"ch{i}", T, **fields) for i, (_, fields) in enumerate(CHANNELS)),
]
PEOPLE = {"mail": "clicker", "mail2": "clicker2", "changed": "changer", "changed2": "changer"}
CLICK = {"event_type": "click", "email_campaign_id": "77", "url": "https://shop.example/a?b", **UTM}
NAME = "Nurture_SMB_Q1-2026_Digest"
TABLES: dict[str, list[dict[str, Any]]] = {
    "staging.stg_web_events__pages": PAGES,
    "identity.identifiers": [
        *(owner("anonymous_id", v, PEOPLE.get(v, v)) for v in {p["anonymous_id"] for p in PAGES}
          if v != "shared"),
        owner("email", "c@x.example", "clicker"),
        owner("email", "d@x.example", "clicker2"),
    ],
    "identity.person_records": [
        {"source": s, "record_type": t, "record_id": r, "person_id": p}
        for s, t, r, p in [
            ("web_events", "visitor", "shared", "shared-person"),
            ("hubspot", "form_submission", "f1", "camp"),
            ("hubspot", "form_submission", "f2", "nobody"),
            ("salesforce", "contact", "003", "member"),
        ]
    ],
    "staging.stg_hubspot__email_events": [
        {"hubspot_email_event_id": "c1", "email": "c@x.example", "occurred_at": T, **CLICK},
        {"hubspot_email_event_id": "c2", "email": "d@x.example", "occurred_at": T, **CLICK},
        {"hubspot_email_event_id": "o1", "event_type": "open", "occurred_at": T},
    ],
    "staging.stg_hubspot__form_submissions": [
        {"hubspot_form_submission_id": "f1", "anonymous_id": "camp",
         "page_url": "https://shop.example/demo?x=1", "submitted_at": T + HALF_HOUR},
        {"hubspot_form_submission_id": "f2", "submitted_at": T,
         "page_url": "https://shop.example/demo?utm_source=linked-in&utm_medium=social#a"},
    ],
    "staging.stg_salesforce__campaigns": [
        {"salesforce_campaign_id": "701", "campaign_name": NAME, "campaign_type": "Email"},
        {"salesforce_campaign_id": "702", "campaign_name": "Event_SMB_Q1-2026_Expo",
         "campaign_type": "Conference"},
    ],
    "staging.stg_salesforce__campaign_members": [
        {"salesforce_campaign_member_id": "m1", "salesforce_campaign_id": "702",
         "salesforce_contact_id": "003", "has_responded": True,
         "first_responded_date": date(2026, 1, 5), "created_at": T},
        {"salesforce_campaign_member_id": "m2", "salesforce_campaign_id": "702",
         "salesforce_contact_id": "003", "has_responded": True, "created_at": T},
        {"salesforce_campaign_member_id": "m3", "salesforce_campaign_id": "702",
         "salesforce_contact_id": "003", "has_responded": False, "created_at": T},
    ],
    "marts.int_consent__decisions": [
        {"person_id": "changer", "purpose": "analytics", "decision": "granted",
         "decided_at": T - HALF_HOUR},
        {"person_id": "changer", "purpose": "analytics", "decision": "withdrawn", "decided_at": T},
        {"person_id": "camp", "purpose": "advertising", "decision": "denied", "decided_at": T},
    ],
    "staging.stg_google_ads__campaign_days": [
        {"google_ads_campaign_id": "9", "campaign_name": "search smb q12026 brand",
         "report_date": day, "currency": currency, "cost_local": "10.00", "clicks": 1}
        for day in (date(2026, 1, 31), date(2026, 2, 1)) for currency in ("EUR", "USD")
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def touches(
    module_home: Path, marts: Callable[..., None], query: Callable[[str], list[dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Touches by source record."""
    marts(TABLES)
    found = {row["source_record_id"]: row for row in query("from marts.fct_touches")}
    assert found
    return found


@pytest.mark.parametrize("number", range(len(CHANNELS)))
def test_channel(number: int, touches: dict[str, dict[str, Any]]) -> None:
    channel, fields = CHANNELS[number]
    touch = touches[f"ch{number}"]
    assert touch["channel"] == channel, fields
    paid = channel.startswith("paid_") or channel == "display"
    assert touch["touch_type"] == ("ad_click" if paid else "web_session")
    assert touch["landing_path"] == "/pricing"


def test_sessions_end_after_more_than_thirty_minutes(touches: Any) -> None:
    assert {"gap1", "gap3"} <= set(touches) and "gap2" not in touches


def test_another_campaign_starts_a_session_and_its_repetition_does_not(touches: Any) -> None:
    assert {e for e in touches if e.startswith("camp")} == {"camp1", "camp2", "camp5"}


def test_click_and_the_session_it_opens_are_one_touch(touches: Any) -> None:
    assert (touches["c1"]["record_count"], touches["c1"]["touch_type"]) == (2, "email_click")
    assert "open" not in touches
    assert (touches["c2"]["record_count"], touches["late"]["record_count"]) == (1, 1)
    assert touches["c1"]["landing_path"] == "/a"


def test_an_ad_click_and_its_session_are_one_touch_with_the_click_id(
    touches: Any, query: Any
) -> None:
    number = next(n for n, (_, fields) in enumerate(CHANNELS) if "gclid" in fields)
    click = touches[f"ch{number}"]
    assert (click["touch_type"], click["click_id_type"]) == ("ad_click", "gclid")
    assert (click["source"], click["record_count"]) == ("web_events", 1)
    (session,) = query(f"from marts.int_web__sessions where web_event_id = 'ch{number}'")
    assert (session["started_at"], session["page_count"]) == (click["touched_at"], 1)


def test_consent_by_session_and_by_the_persons_newest_decision(touches: Any) -> None:
    consented = {e: touches[e]["is_consented"] for e in ("no", "yes", "before", "after", "camp2")}
    assert consented == {"no": False, "yes": True, "before": True, "after": False, "camp2": True}


def test_shared_device_keeps_its_visitor(touches: Any) -> None:
    assert touches["shared"]["person_id"] == "shared-person"


def test_form_takes_the_campaign_of_its_session_or_of_its_page(touches: Any) -> None:
    assert (touches["f1"]["channel"], touches["f1"]["utm_source"]) == ("paid_search", "bing")
    assert (touches["f2"]["channel"], touches["f2"]["utm_source"]) == ("organic_social", "linkedin")
    assert touches["f1"]["landing_path"] == "/demo"


def test_response_by_date_is_placed_at_noon(touches: Any) -> None:
    assert touches["m1"]["touched_at"] == datetime(2026, 1, 5, 12)
    assert (touches["m2"]["touched_at"], touches["m1"]["channel"]) == (T, "events")
    assert "m3" not in touches and touches["m1"]["campaign_id"] == "salesforce:702"


def test_spellings_of_a_campaign_share_its_canonical_name(touches: Any, query: Any) -> None:
    assert touches["late"]["utm_campaign"] == NAME
    found = query(f"from marts.dim_campaigns where canonical_name = '{NAME}'")
    assert {row["campaign_source"] for row in found} == {"salesforce", "hubspot", "utm"}


def test_spend_without_conversions_survives_at_the_rate_of_its_day(
    touches: Any, query: Any
) -> None:
    rates = {
        row["rate_date"]: row["usd_rate"]
        for row in query("from rules.fx_rates where currency = 'EUR'")
    }
    found = query("from marts.channel_attribution where spend_usd > 0")
    assert len(found) == 2 * 10  # months, models
    for row in found:
        euros = Decimal("10") * rates[row["period"]]
        assert row["spend_usd"] == round(euros, 2) + 10
        assert (row["channel"], row["conversions"]) == ("paid_search", 0)
        assert row["cost_usd"] == row["spend_usd"]
        assert (row["roi"], row["roi_gross_margin"], row["roas"], row["cpa"]) == (
            -100.0, -100.0, 0.0, None,
        )  # fmt: skip
