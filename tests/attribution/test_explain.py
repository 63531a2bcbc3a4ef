"""`onefold attribution explain` on a small warehouse whose every touch has a reason of its own."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from attribution.commands import register
from attribution.explain import WITHHELD, explain
from tests.dbt_project.marts.conftest import MODELS, SEEDS, UPSTREAM, rows
from warehouse.connection import connect
from warehouse.dbt import build

SECRET = "someone@x.test"
MOST = 4  # max_touches of a sale, so that a few touches are too many
NEWS = "Spring [news] :tada:"  # neither markup nor an emoji
SALE, REFUND = "closed_won:006A", "refund:006R"
NURTURE = {
    "utm_source": "hubspot",
    "utm_medium": "email",
    "utm_campaign": NEWS,
}
AUTUMN = {**NURTURE, "utm_campaign": "Nurture_SMB_Q3-2025_News"}
SPRING = {**NURTURE, "utm_campaign": "Nurture_SMB_Q2-2025_News"}

PAGES: dict[str, tuple[str, datetime, dict[str, Any]]] = {
    "early": ("buyer", datetime(2025, 3, 1, 23, 59, 58), {}),
    "opening": ("buyer", datetime(2025, 3, 1, 23, 59, 59), {"referrer_host": "blog.example"}),
    "cut": ("buyer", datetime(2025, 6, 1), {"referrer_host": "www.google.de"}),
    "cut too": ("boss", datetime(2025, 7, 1), {}),
    "refused page of refused click": (
        "boss", datetime(2025, 5, 1, 9, 1), {**SPRING, "has_analytics_consent": False},
    ),
    "page of refused click": ("buyer", datetime(2025, 8, 1, 8, 3), AUTUMN),
    "page of click": ("buyer", datetime(2026, 1, 10, 9, 3), NURTURE),
    "refused": ("boss", datetime(2026, 1, 20), {"has_analytics_consent": False}),
    "paid": ("buyer", datetime(2026, 2, 20), {"gclid": "g", "utm_campaign": f"to {SECRET}"}),
    "late": ("buyer", datetime(2026, 3, 2), {}),
    "refused late": ("boss", datetime(2026, 3, 5), {"has_analytics_consent": False}),
    "stranger's": ("stranger", datetime(2026, 2, 10), {}),
}  # fmt: skip
CLICKS: dict[str, tuple[str, datetime, dict[str, Any]]] = {
    "refused click": ("boss", datetime(2025, 5, 1, 9), SPRING),
    "click before consent": ("buyer", datetime(2025, 8, 1, 8, 1), AUTUMN),
    "click": ("buyer", datetime(2026, 1, 10, 9), NURTURE),
}


def _deal(key: str, **fields: Any) -> dict[str, Any]:
    return {
        "salesforce_opportunity_id": key, "opportunity_type": "New", "currency": "EUR",
        "amount_local": Decimal("1000.01"), "is_won": True, "is_closed": True,
        "created_at": datetime(2026, 2, 1), "close_date": date(2026, 3, 1), **fields,
    }  # fmt: skip


def _upstream() -> dict[str, list[dict[str, Any]]]:
    people = ("buyer", "boss", "stranger", "silent")
    clicks = [(event, *click) for event, click in CLICKS.items()]
    return {
        "staging.stg_web_events__pages": [
            {"web_event_id": event, "anonymous_id": f"{person} {event}", "occurred_at": at,
             "page_host": "shop.example", "page_path": "/x",
             "page_url": f"https://shop.example/x?email={SECRET}", **fields}
            for event, (person, at, fields) in PAGES.items()
        ],
        "staging.stg_hubspot__email_events": [
            {"hubspot_email_event_id": event, "event_type": "click", "occurred_at": at,
             "email": f"{person}.{SECRET}", "email_campaign_id": f"of {event}",
             "url": f"https://shop.example/x?email={SECRET}", **fields}
            for event, person, at, fields in clicks
        ],
        "identity.identifiers": [
            {"id_type": "anonymous_id", "id_value": f"{person} {event}", "person_id": f"p_{person}"}
            for event, (person, _, _) in PAGES.items()
        ] + [
            {"id_type": "email", "id_value": f"{person}.{SECRET}", "person_id": f"p_{person}"}
            for person in people
        ],
        "identity.person_records": [
            {"source": "salesforce", "record_type": kind, "record_id": f"{kind} {person}",
             "person_id": f"p_{person}"}
            for person in people for kind in ("contact", "lead")
        ],
        "marts.dim_people": [
            {"person_id": f"p_{person}", "account_id": "a_1"} for person in people
        ],
        "marts.int_consent__decisions": [
            {"person_id": "p_buyer", "purpose": "analytics", "decision": decision,
             "decided_at": datetime(2025, 8, 1, 8, minute)}
            for decision, minute in (("denied", 0), ("granted", 2))
        ],
        "staging.stg_salesforce__leads": [
            {"salesforce_lead_id": "lead boss", "created_at": datetime(2026, 1, 15)}
        ],
        "staging.stg_salesforce__opportunities": [
            _deal("006A", salesforce_contact_id="contact buyer"),
            _deal("006R", opportunity_type="Refund", original_opportunity_id="006A",
                  close_date=date(2026, 4, 1)),
            _deal("006Q", opportunity_type="Refund", original_opportunity_id="lost",
                  salesforce_contact_id="contact silent"),
            _deal("006U", salesforce_contact_id="contact silent", amount_local=None),
        ],
        "staging.stg_salesforce__opportunity_contact_roles": [
            {"salesforce_opportunity_id": "006A", "salesforce_contact_id": "contact boss"}
        ],
    }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, warehouse_with: Callable[..., None]) -> Path:
    tables = _upstream()
    warehouse_with({name: (cols, tables.get(name, [])) for name, cols in UPSTREAM.items()})
    build(SEEDS)
    with connect("test set-up") as con:
        con.execute(
            "update rules.conversion_types set max_touches = ? where conversion_type = ?",
            [MOST, "closed_won"],
        )
    build(MODELS, vars={"as_of": "2026-06-30 00:00:00"})
    return module_home


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    """touch_id by the record it was made of."""
    return {
        row["source_record_id"]: row["touch_id"] for row in rows("from marts.int_touches__records")
    }


def explained(conversion: str) -> dict[str, Any]:
    """What `explain` gives in the current home."""
    with connect("test", read_only=True) as con:
        return explain(con, conversion)


def command(*words: str) -> str:
    """What the command prints."""
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["attribution", "explain", *words])
    assert result.exit_code == 0, result.exception
    return result.stdout


def test_every_touch_of_the_group_has_its_reason(ids: dict[str, str]) -> None:
    cut = "cut by max_touches: of more than 4 the first and the newest stay"
    shown = {
        "early": "before the window of 365 days",
        "opening": "eligible",
        "cut": cut,
        "cut too": cut,
        "page of refused click": f"a duplicate of a touch {WITHHELD}",
        "click": "eligible",
        "page of click": f"a duplicate of {ids['click']}",
        "paid": "eligible",
        "late": "after the conversion",
    }
    found = explained(SALE)["eligibility"]
    assert [(row["touch_id"], row["reason"]) for row in found if row["touches"] == 1][:9] == [
        (ids[name], reason) for name, reason in shown.items()
    ]
    assert {row["person_id"] for row in found[:9]} == {"p_buyer", "p_boss"}
    withheld = {row["reason"]: row["touches"] for row in found[9:]}
    assert withheld == {
        "a duplicate of another touch": 1, "after the conversion": 1, cut: 2, "eligible": 1,
    }  # fmt: skip
    for row in found[9:]:
        details = (row["touched_at"], row["channel"], row["person_id"], row["duplicate_of"])
        assert (row["touch_id"], *details) == (WITHHELD, None, None, None, None)
    assert sum(row["touches"] for row in found) == len(PAGES) + len(CLICKS) - 1  # the stranger's
    assert explained(SALE)["conversion"]["cut_count"] == 4


def test_the_journey_is_in_order_and_says_who_and_how(ids: dict[str, str]) -> None:
    found = explained(SALE)
    assert [(row["touch_number"], row["touch_id"]) for row in found["journey"]] == [
        (1, ids["opening"]), (2, ids["click"]), (3, WITHHELD), (4, ids["paid"]),
    ]  # fmt: skip
    opening, click, hidden, paid = found["journey"]
    assert {name for name, value in hidden.items() if value is not None} == {
        "touch_number", "touch_id",
    }  # fmt: skip
    names = ("channel", "channel_rule", "touch_type", "person_id", "source")
    assert [tuple(row[name] for name in names) for row in (opening, click, paid)] == [
        ("referral", "other_site", "web_session", "p_buyer", "web_events"),
        ("email", "email_click", "email_click", "p_buyer", "hubspot"),
        ("paid_search", "click_id_google", "ad_click", "p_buyer", "web_events"),
    ]
    assert (opening["campaign"], paid["campaign"]) == (None, "(unconventional name)")
    assert (click["campaign_id"], click["campaign"]) == ("hubspot:of click", NEWS)
    assert [(row["person_id"], row["is_main"]) for row in found["group"]] == [
        ("p_buyer", True), ("p_boss", False),
    ]  # fmt: skip


def test_milestones_name_their_touch(ids: dict[str, str]) -> None:
    found = explained(SALE)
    assert [tuple(row.values()) for row in found["milestones"]] == [
        ("first", None, ids["opening"]),
        ("last", None, ids["paid"]),
        ("last_non_direct", None, ids["paid"]),
        ("lead_creation", datetime(2026, 1, 15), ids["click"]),
        ("opportunity_creation", datetime(2026, 2, 1), WITHHELD),
        ("won", datetime(2026, 3, 1, 23, 59, 59), ids["paid"]),
    ]
    assert [row["milestones"] for row in found["journey"]] == [
        ["first"], ["lead_creation"], None, ["last", "last_non_direct", "won"],
    ]  # fmt: skip


def test_credit_is_that_of_hand(ids: dict[str, str]) -> None:
    """Four touches; w_shaped has one without a milestone, full_path none."""
    touches = [ids["opening"], ids["click"], ids["paid"], WITHHELD]
    by_hand = {
        "first_touch": [1, 0, 0, 0], "last_non_direct": [0, 0, 1, 0],
        "linear": [0.25] * 4, "u_shaped": [0.4, 0.1, 0.4, 0.1],
        "w_shaped": [0.3, 0.3, 0.1, 0.3], "full_path": [0.25] * 4,
    }  # fmt: skip
    found = explained(SALE)
    assert [row["touch_id"] for row in found["credits"]] == touches
    for model, weights in by_hand.items():
        held = [row["models"][model]["weight"] for row in found["credits"]]
        assert held == pytest.approx(weights), model
    linear = [row["models"]["linear"]["revenue_local"] for row in found["credits"]]
    assert linear == [Decimal("250.01"), *[Decimal("250.00")] * 3]


def test_credits_are_those_of_the_marts_for_every_conversion() -> None:
    stored: dict[str, dict[Any, Any]] = defaultdict(dict)
    for row in rows("from marts.fct_attributed_conversions"):
        stored[row["conversion_id"]][row["touch_id"], row["model"]] = (
            row["weight"], row["revenue_local"], row["revenue_usd"],
        )  # fmt: skip
    assert len(stored) == 7
    for conversion, credits in stored.items():
        found = explained(conversion)
        assert credits == {
            (row["touch_id"], model): tuple(credit.values())
            for row in found["credits"]
            for model, credit in row["models"].items()
            if credit["weight"]
        }
        assert [total["ties"] for total in found["totals"]] == [True] * 8
        value = found["conversion"]
        for total in found["totals"]:
            assert total["weight"] == pytest.approx(1)
            assert total["revenue_local"] == value["revenue_local"]
            assert total["revenue_usd"] == value["revenue_usd"]


def test_a_refund_is_explained_by_its_sale(ids: dict[str, str]) -> None:
    sale, refund = explained(SALE), explained(REFUND)
    assert refund["conversion"]["refund_of"] == SALE
    assert sale["conversion"]["refund_of"] is None
    assert refund["conversion"]["converted_at"] == datetime(2026, 4, 1, 23, 59, 59)
    assert (refund["journey"], refund["milestones"]) == (sale["journey"], sale["milestones"])
    reasons = {row["touch_id"]: row["reason"] for row in refund["eligibility"]}
    assert reasons[ids["late"]] == "after the sale"
    assert f"{'refund of':<11} {SALE}, whose journey" in command(REFUND)


def test_what_cannot_be_tied_is_said() -> None:
    unknown, lost = command("closed_won:006U"), command("refund:006Q")
    assert "value       unknown EUR, unknown USD" in unknown
    assert "touches in reach\n  none" in unknown
    assert "(unattributed)" in unknown
    assert "an unknown sale: credited by its own journey" in lost
    assert explained("refund:006Q")["credits"][0]["models"]["linear"]["revenue_local"] < 0


def test_json_holds_all_of_it() -> None:
    found = json.loads(command(SALE, "--json"))
    whole = explained(SALE)
    assert list(found) == list(whole)
    for part, content in whole.items():
        assert found[part] == json.loads(json.dumps(content, default=_plain)), part
    assert found["conversion"] | {"revenue_usd": 0} == {
        "conversion_id": SALE, "conversion_type": "closed_won",
        "converted_at": "2026-03-01 23:59:59", "dated_by": "salesforce.close_date",
        "person_id": "p_buyer", "account_id": "a_1", "revenue_local": 1000.01, "currency": "EUR",
        "revenue_usd": 0, "pipeline_local": 0.0, "pipeline_usd": 0.0, "refund_of": None,
        "window_from": "2025-03-01 23:59:59", "window_to": "2026-03-01 23:59:59",
        "window_seconds": 31536000, "max_touches": 4, "credited_by": "touch", "cut_count": 4,
    }  # fmt: skip


def _plain(value: Any) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)


def test_the_text_holds_the_tables_and_no_identifier(ids: dict[str, str]) -> None:
    text = command(SALE)
    lines = text.splitlines()
    assert f" {NEWS} " in text
    assert f"{'value':<11} 1,000.01 EUR, " in text
    assert "all 8 models sum to 1 and to the conversion's value" in lines
    credit = lines[next(i for i, line in enumerate(lines) if line.startswith("credit")) :]
    (first,) = (i for i, line in enumerate(credit) if line.split()[:1] == [ids["opening"]])
    assert credit[first].split()[1:6] == ["1.0000", "0.0000", "0.0000", "0.2500", "0.4000"]
    assert credit[first + 1].split()[:5] == ["1,000.01", "0.00", "0.00", "250.01", "400.01"]
    (total,) = (i for i, line in enumerate(credit) if line.split()[:1] == ["total"])
    assert credit[total + 1].split() == ["1,000.01"] * 8
    for printed in (text, command(SALE, "--json")):
        assert ids["click"] in printed
        for hidden in ("refused", "refused late", "refused click", "click before consent"):
            assert ids[hidden] not in printed
        assert "@" not in printed
        assert "?" not in printed.replace("counts?", "")


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [
        ("closed_won:006B", ["closed_won:006A", "closed_won:006U"]),
        ("refund:", ["refund:006Q", "refund:006R"]),
        ("006A", ["closed_won:006A", "opportunity_created:006A"]),
        (f"  {SECRET} ", []),
    ],
)
def test_an_unknown_id_is_answered_with_some_to_try(
    built: Path,
    run_onefold: Callable[..., subprocess.CompletedProcess[str]],
    asked: str,
    suggested: list[str],
) -> None:
    result = run_onefold(["attribution", "explain", asked], built)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("onefold: no conversion has that id; give a conversion_id of")
    tried = result.stderr.partition("such as ")[2].strip().split(", ")
    assert 1 <= len(tried) <= 5
    assert set(tried) <= {row["conversion_id"] for row in rows("from marts.fct_conversions")}
    assert set(tried[: len(suggested)]) == set(suggested)
    if ":" in asked:
        assert len(tried) == len(suggested)
    assert SECRET not in result.stderr


def test_before_the_first_run_it_says_what_to_do(
    home: Path, run_onefold: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    with connect("test set-up"):
        pass
    result = run_onefold(["attribution", "explain", SALE], home)
    assert result.returncode == 2
    assert result.stderr == (
        "onefold: expected attributed conversions, found none; run `onefold run`\n"
    )
