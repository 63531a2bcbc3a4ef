"""Web event staging: URLs, UTM values, consent, deliveries that repeat."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest

Table = Callable[[str], list[dict[str, Any]]]

SEED = 20260630
MICROSECOND = timedelta(microseconds=1)
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


# Column -> URL parameter, as the networks write them.
PARAMETERS = {
    name: name
    for name in ("gclid", "gbraid", "wbraid", "dclid", "msclkid", "li_fat_id", "ttclid", "twclid",
                 "rdt_cid", "epik", "fbclid")
} | {"sccid": "ScCid"}  # fmt: skip
PAGES = [
    _page("segment", url="https://ex.test/?utm_source=url&" + "&".join(
              f"{parameter}={parameter[:2].title()}" for parameter in PARAMETERS.values()),
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


T = 1788250000000000  # 2026-09-01 08:06:40 UTC in microseconds


def _ga4(
    at: int | str, page: str | None, visitor: str | None = "g1", **fields: Any
) -> dict[str, Any]:
    row = {"event_timestamp": str(at), "event_name": "page_view", "user_pseudo_id": visitor}
    return row | {"page_location": page, "event_bundle_sequence_id": "1"} | fields


COLLECTED = json.dumps({"manual_source": "Google", "manual_medium": "cpc", "manual_campaign_name":
                        "Brand", "manual_term": "t", "manual_content": "c", "gclid": "G",
                        "dclid": "D"})  # fmt: skip
GA4 = [
    _ga4(T, "https://EX.test/Pricing?utm_source=url&wbraid=W#x", page_referrer="https://ref.test/a",
         page_title="Pricing", collected_traffic_source=COLLECTED),
    # The same event, exported again the next day; then one that differs in its place alone.
    _ga4(T, "https://EX.test/Pricing?utm_source=url&wbraid=W#x", page_referrer="https://ref.test/a",
         page_title="Renamed", collected_traffic_source=COLLECTED, _load_id=SECOND),
    _ga4(T, "https://EX.test/Pricing?utm_source=url&wbraid=W#x", batch_event_index="2"),
    _ga4(T + 1, "https://ex.test/", visitor=None, analytics_storage="No"),
    _ga4("soon", "https://ex.test/unreadable"),
    _ga4(T + 2, None, event_name="scroll", user_id="u1"),
    _ga4(T + 3, "https://ex.test/", user_id="u1"),
    _ga4(T + 4, "https://ex.test/", user_id="u2"),
    _ga4(T + 5, "https://ex.test/", visitor=None, user_id="u3"),
    _ga4(T + 9, "https://ex.test/", analytics_storage="Yes", ads_storage="No",
         traffic_type="internal", device_category="mobile", country="Portugal"),
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    sources = [_page(f"source {n:02d}", url=url) for n, url in enumerate(SOURCES)]
    parts = [_page(f"part {n:02d}", url=f" {url}", referrer=url) for n, url in enumerate(PARTS)]
    texts = [
        _page(f"text {n:03d}", url=f"https://ex.test/?utm_term={quote(text, safe='+%={}')}&z=1")
        for n, text in enumerate(TEXTS)
    ]
    return stage("web_events", {"events": PAGES + sources + parts + texts, "ga4_events": GA4})


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
    clicks = {name: segment[name] for name in PARAMETERS}
    assert clicks == {
        "gclid": "Gc", "gbraid": "Gb", "wbraid": "Wb", "dclid": "Dc", "msclkid": "Ms",
        "li_fat_id": "Li", "ttclid": "Tt", "twclid": "Tw", "rdt_cid": "Rd", "sccid": "Sc",
        "epik": "Ep", "fbclid": "Fb",
    }  # fmt: skip
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


def test_a_page_view_of_ga4_is_a_page(table: Table) -> None:
    pages = sorted(table("stg_web_events__ga4_pages"), key=lambda r: (str(r["occurred_at"]),
                   str(r["page_title"])))  # fmt: skip
    at = datetime(2026, 9, 1, 8, 6, 40)
    assert [r["occurred_at"] and (r["occurred_at"] - at) // MICROSECOND for r in pages] == [
        0, 0, 1, 3, 4, 5, 9, None,
    ]  # fmt: skip
    page = next(r for r in pages if r["page_title"] == "Renamed")
    assert (page["anonymous_id"], page["page_host"], page["page_path"]) == (
        "g1", "ex.test", "/Pricing",
    )  # fmt: skip
    assert (page["referrer_host"], page["_load_id"]) == ("ref.test", SECOND)
    utm = [page[f"utm_{name}"] for name in ("source", "medium", "campaign", "content", "term")]
    assert utm == ["url", "cpc", "Brand", "c", "t"]
    assert {name: page[name] for name in PARAMETERS if page[name]} == {
        "gclid": "G", "dclid": "D", "wbraid": "W",
    }  # fmt: skip


def test_consent_and_traffic_type_of_ga4(table: Table) -> None:
    pages = {r["occurred_at"].microsecond: r for r in table("stg_web_events__ga4_pages")
             if r["occurred_at"] and r["page_title"] != "Renamed"}  # fmt: skip
    names = ("has_analytics_consent", "has_advertising_consent", "traffic_type", "country")
    found = {us: tuple(row[name] for name in names) for us, row in pages.items()}
    assert found[1] == (False, None, None, None)
    assert found[3] == (None, None, None, None)
    assert found[9] == (True, False, "internal", "Portugal")


def test_sign_ins_of_ga4_are_one_row_a_browser_and_user(table: Table) -> None:
    found = [(r["anonymous_id"], r["user_id"], r["occurred_at"].microsecond)
             for r in table("stg_web_events__ga4_sign_ins")]  # fmt: skip
    assert sorted(found) == [("g1", "u1", 2), ("g1", "u2", 4)]
