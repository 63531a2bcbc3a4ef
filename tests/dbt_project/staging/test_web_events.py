"""Web event staging: URLs, UTM values, consent, deliveries that repeat."""

import json
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest

Table = Callable[[str], list[dict[str, Any]]]

SEED = 20260630
AT = "2026-03-01T10:00:00.000Z"
FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"

# URL -> utm_source
SOURCES = {
    "https://ex.test/?utm_source=Google": "Google",
    "https://ex.test/a?x=1&utm_source=a%20b+c%2Bd": "a b c+d",
    "https://ex.test/?utm_source=first&utm_source=second": "first",
    "https://ex.test/?utm_source=&utm_source=second": None,
    "https://ex.test/?my_utm_source=no&utm_source=yes": "yes",
    "https://ex.test/?next=/b?utm_source=inner": None,
    "https://ex.test/utm_source=no": None,
    "https://ex.test/#/spa?utm_source=fragment": None,
    "https://ex.test/?utm_source=yes#utm_source=no": "yes",
    "https://ex.test/?utm_source={{site_source_name}}": "{{site_source_name}}",
    "https://ex.test/?utm_source=%%CAMPAIGN%%": "%%CAMPAIGN%%",
    "https://ex.test/?utm_source={keyword}": "{keyword}",
    "https://ex.test/?utm_source=100%": "100%",
    "https://ex.test/?utm_source=caf%C3%A9": "café",
    "https://ex.test/?utm_source=caf%E9": "caf%E9",
    "": None,
}
# URL -> host, path
PARTS = {
    "https://WWW.Ex.Test/Pricing/?q=1#top": ("www.ex.test", "/Pricing/"),
    "https://ex.test": ("ex.test", "/"),
    "https://ex.test?utm_source=x": ("ex.test", "/"),
    "http://user:secret@ex.test:8080/a/b": ("ex.test", "/a/b"),
    "android-app://com.google.android.gm/": ("com.google.android.gm", "/"),
    "https://ex.test/mail/a@b?to=https://other.test/": ("ex.test", "/mail/a@b"),
    "/relative/path?q": (None, "/relative/path"),
}


def _texts() -> list[str]:
    """Random text as a tag manager may encode it, with bytes that are no character among it."""
    pick = random.Random(SEED)
    parts = ["a", "Z", "%20", "+", "%2B", "%", "%%", "é", "%C3%A9", "%E9", "ß", "{x}", "=", "%zz"]
    return ["x" + "".join(pick.choices(parts, k=pick.randrange(6))) for _ in range(200)]


def _decoded(text: str) -> str:
    """Percent decoding by the standard library; what is not UTF-8 stays as it was sent."""
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8").strip(" ")
    except UnicodeDecodeError:
        return text


TEXTS = _texts()


def _page(message_id: str, **fields: Any) -> dict[str, Any]:
    row = {"message_id": message_id, "type": "page", "anonymous_id": "cookie", "timestamp": AT}
    return row | fields


def _campaign(**fields: str) -> str:
    return json.dumps(fields)


PAGES = [
    _page("segment", url="https://ex.test/?utm_source=url&gclid=Gc&fbclid=Fb&msclkid=Ms&li_fat_id=Li",
          campaign=_campaign(source="object", medium="cpc", name="Launch Q1", content="a",
                             term="b"),
          consent='{"Advertising": false, "Analytics": true}', user_id=""),
    _page("rudderstack", type="Page", url="https://ex.test/", referrer="$direct",
          campaign=_campaign(source="Object"), consent="{}", user_id="u1",
          timestamp="2026-03-01T12:00:00.000+02:00"),
    _page("broken", campaign="not JSON", consent="[1]", timestamp="yesterday"),
    _page("again", title="Second", received_at="2026-03-01T10:00:02.000Z", _load_id=FIRST),
    _page("again", title="First", received_at="2026-03-01T10:00:01.000Z", _load_id=SECOND),
    {"message_id": "identify", "type": "identify", "anonymous_id": "cookie", "timestamp": AT,
     "_normal_email": "zoe@example.test", "_normal_phone": "+4917112345678", "first_name": "Zoë",
     "last_name": "Núñez", "loyalty_id": "L-1", "user_id": "u1", "consent": '{"analytics": true}'},
    {"message_id": "identify", "type": "identify", "anonymous_id": "cookie", "timestamp": AT,
     "first_name": "Again", "_load_id": SECOND},
    {"message_id": "track", "type": "track", "event": "Demo Requested", "timestamp": AT},
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    sources = [_page(f"source {n:02d}", url=url) for n, url in enumerate(SOURCES)]
    parts = [_page(f"part {n:02d}", url=f" {url}", referrer=url) for n, url in enumerate(PARTS)]
    texts = [
        _page(f"text {n:03d}", url=f"https://ex.test/?utm_term={quote(text, safe='+%={}')}&z=1")
        for n, text in enumerate(TEXTS)
    ]
    return stage("web_events", {"events": PAGES + sources + parts + texts})


@pytest.fixture(scope="module")
def pages(table: Table) -> dict[str, dict[str, Any]]:
    return {row["web_event_id"]: row for row in table("stg_web_events__pages")}


def test_utm_values_come_decoded_from_the_query_string(pages: dict[str, dict[str, Any]]) -> None:
    found = [pages[f"source {n:02d}"]["utm_source"] for n in range(len(SOURCES))]
    assert dict(zip(SOURCES, found, strict=True)) == SOURCES


def test_any_value_decodes_as_the_standard_library_does(pages: dict[str, dict[str, Any]]) -> None:
    found = [pages[f"text {n:03d}"]["utm_term"] for n in range(len(TEXTS))]
    sent = [quote(text, safe="+%={}") for text in TEXTS]
    assert found == [_decoded(text) or None for text in sent], f"seed {SEED}"


def test_host_and_path_of_page_and_referrer(pages: dict[str, dict[str, Any]]) -> None:
    rows = [pages[f"part {n:02d}"] for n in range(len(PARTS))]
    found = [(row["page_host"], row["page_path"]) for row in rows]
    assert dict(zip(PARTS, found, strict=True)) == PARTS
    assert [row["referrer_host"] for row in rows] == [host for host, _ in PARTS.values()]


def test_the_url_goes_before_the_campaign_object(pages: dict[str, dict[str, Any]]) -> None:
    segment = pages["segment"]
    utm = [segment[f"utm_{name}"] for name in ("source", "medium", "campaign", "content", "term")]
    assert utm == ["url", "cpc", "Launch Q1", "a", "b"]
    clicks = [segment[name] for name in ("gclid", "fbclid", "msclkid", "li_fat_id")]
    assert clicks == ["Gc", "Fb", "Ms", "Li"]
    assert pages["rudderstack"]["utm_source"] == "Object"


def test_consent_is_true_false_or_unknown(pages: dict[str, dict[str, Any]]) -> None:
    found = {
        name: (pages[name]["has_analytics_consent"], pages[name]["has_advertising_consent"])
        for name in ("segment", "rudderstack", "broken", "again")
    }
    unknown = (None, None)
    assert found == {
        "segment": (True, False),
        "rudderstack": unknown,
        "broken": unknown,
        "again": unknown,
    }


def test_both_libraries_give_the_same_kind_of_row(pages: dict[str, dict[str, Any]]) -> None:
    segment, rudderstack = pages["segment"], pages["rudderstack"]
    assert segment["occurred_at"] == rudderstack["occurred_at"] == datetime(2026, 3, 1, 10)
    assert (segment["user_id"], rudderstack["user_id"]) == (None, "u1")
    assert rudderstack["referrer_url"] is None
    assert pages["broken"]["occurred_at"] is None


def test_a_message_that_is_delivered_again_is_one_row(
    table: Table, pages: dict[str, dict[str, Any]]
) -> None:
    assert pages["again"]["page_title"] == "Second"
    assert len(pages) == 4 + len(SOURCES) + len(PARTS) + len(TEXTS)
    (identify,) = table("stg_web_events__identifies")
    assert (identify["first_name"], identify["_load_id"]) == ("Again", SECOND)
    assert "track" not in pages
