"""The same exports in any order, late, twice and overlapping: one staging, told by checksum.

All sample exports and a few that overlap on purpose land twice, each time in a home of its own: in
order, and shuffled with duplicates among them. Staging must be the same to the bit.
"""

import csv
import io
import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ingestion import ledger
from ingestion.load import FileResult, ingest_file
from ingestion.sources import Table, find_table, match_file, read_tables
from warehouse.checksum import table_checksums
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import PROJECT_ROOT, settings

SEED = 20270102
Covered = Callable[[str], None]
LINEAGE = ("_file", "_line", "_load_id")
TABLES = read_tables()
VENDOR_SAMPLES = PROJECT_ROOT / "tests" / "ingestion" / "exports"
FOLDERS = {
    "badge_scans": "events", "costs": "costs", "ga4": "web_events/ga4",
    "google_ads_api": "google_ads/api",
    "google_ads": "google_ads", "hubspot": "hubspot", "linkedin": "linkedin_ads",
    "marketo": "marketo", "meta_ads": "meta_ads", "microsoft_ads": "microsoft_ads",
    "on24": "webinars", "onetrust": "consent", "salesforce_lead_report": "salesforce/reports",
    "salesforce": "salesforce", "segment_consent": "consent", "stripe": "billing",
    "zoom": "webinars",
}  # fmt: skip


class Home(NamedTuple):
    """A deployment with everything landed and staged, and the order in which files came."""

    path: Path
    files: Sequence[str]


def _csv(source: str, table: str, rows: Sequence[Mapping[str, str]]) -> bytes:
    columns = [c.name for c in find_table(TABLES, source, table).columns if not c.from_header]
    target = io.StringIO()
    writer = csv.DictWriter(target, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def _contacts(*rows: tuple[str, str]) -> bytes:
    return _csv("hubspot", "contacts", [{"Record ID": k, "Last Name": name} for k, name in rows])


def _members(*records: tuple[str, list[str]]) -> bytes:
    lines = [
        {"objectTypeId": "0-1", "recordId": record,
         "recordListMemberships": [
             {"listId": key, "lastAddedTimestamp": "2026-01-01T00:00:00Z"} for key in lists
         ]}
        for record, lists in records
    ]  # fmt: skip
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _google(*rows: tuple[str, str]) -> bytes:
    """A report of one campaign: rows of (day, cost), with the totals Google adds."""
    total = sum(Decimal(cost) for _, cost in rows)
    lines = [f"{day},C,overlap,USD,{cost},10,1,0.00,0.00" for day, cost in rows]
    figures = f"{total},{10 * len(rows)},{len(rows)},0.00,0.00"
    lines += [f"Total: {what},,,USD,{figures}" for what in ("Campaigns", "Account")]
    head = "Day,Campaign,Campaign ID,Currency code,Cost,Impr.,Clicks,Conversions,Conv. value"
    return "\n".join(
        ["Campaign report", '"January 1, 2027 - January 9, 2027"', head, *lines, ""]
    ).encode()


def _events(*keys: str) -> bytes:
    rows = [{"id": key, "created": f"17988480000{key[-2:]}", "type": "OPEN"} for key in keys]
    return _csv("hubspot", "email_events", rows)


def _subscriptions(*rows: tuple[str, str, str]) -> bytes:
    names = ("id", "Status", "Created (UTC)")
    return _csv("billing", "subscriptions", [dict(zip(names, row, strict=True)) for row in rows])


def _leads(*rows: tuple[str, str, str]) -> bytes:
    names = ("Id", "LastName", "SystemModstamp")
    return _csv("salesforce", "leads", [dict(zip(names, row, strict=True)) for row in rows])


CRM = "hubspot/hubspot-crm-exports-all-contacts"
OVERLAPPING: dict[str, bytes] = {
    # Snapshots: two parts of one day, an earlier day, and a day before that.
    f"{CRM}-2027-01-01.csv": _contacts(("s1", "One"), ("s2", "Two"), ("s3", "Three")),
    f"{CRM}-2027-01-02.csv": _contacts(("s1", "One new")),
    "hubspot/contacts_emea_2027-01-02.csv": _contacts(("s2", "Two new")),
    f"{CRM}-2026-12-31.csv": _contacts(("s2", "Two old"), ("s4", "Four")),
    "hubspot/list_memberships_2027-01-01.jsonl": _members(("m1", ["11", "12"]), ("m2", ["11"])),
    "hubspot/list_memberships_2027-01-02.jsonl": _members(("m1", ["11"]), ("m3", ["12"])),
    # Append: two exports whose windows overlap.
    "hubspot/email_events_a.csv": _events("ev01", "ev02"),
    "hubspot/email_events_b.csv": _events("ev02", "ev03"),
    # Upsert, without and with a time of its own for each record.
    "billing/subscriptions_new.csv": _subscriptions(
        ("sub_x", "canceled", "2027-01-01 10:00"), ("sub_y", "active", "2027-01-02 10:00")
    ),
    "billing/subscriptions_old.csv": _subscriptions(("sub_x", "active", "2027-01-01 10:00")),
    "salesforce/Lead_a.csv": _leads(
        ("00Qx", "Newer", "2027-01-02T00:00:00Z"), ("00Qy", "Newer", "2027-01-01T00:00:00Z")
    ),
    "salesforce/Lead_b.csv": _leads(
        ("00Qx", "Older", "2027-01-01T00:00:00Z"), ("00Qz", "Newest", "2027-01-03T00:00:00Z")
    ),
    # Revised history: each report restates days of the one before.
    "google_ads/overlap_1.csv": _google(("2027-01-01", "10.00"), ("2027-01-02", "20.00")),
    "google_ads/overlap_2.csv": _google(("2027-01-02", "21.50"), ("2027-01-03", "30.00")),
    "google_ads/overlap_3.csv": _google(("2027-01-02", "21.00"), ("2027-01-04", "40.00")),
}


def _samples() -> dict[str, bytes]:
    """Every sample export, by its place in the landing folder."""
    exports = settings().exports
    found = {
        path.relative_to(exports).as_posix(): path.read_bytes()
        for path in sorted(exports.rglob("*"))
        if path.is_file()
    }
    assert len(found) > 20
    for path in sorted(p for p in VENDOR_SAMPLES.iterdir() if p.name != "expected.json"):
        prefix = next((p for p in FOLDERS if path.name.startswith(p)), None)
        assert prefix, f"say in FOLDERS where {path.name} lands"
        name = path.name.removeprefix("salesforce_").removeprefix("stripe_")
        found[f"{FOLDERS[prefix]}/{name}"] = path.read_bytes()
    return found


def _copies(files: Mapping[str, bytes], rng: random.Random) -> dict[str, bytes]:
    """The same contents again, under names that go to the same tables."""
    copies = {}
    for file in rng.sample(sorted(files), len(files) // 2) + sorted(OVERLAPPING):
        path = Path(file)
        copy = str(path.with_name(f"{path.stem}_copy{path.suffix}"))
        if match_file(TABLES, copy).table is match_file(TABLES, file).table:
            copies[copy] = files[file]
    assert len(copies) > 30
    return copies


def _land(folder: Path, files: Mapping[str, bytes], order: Sequence[str]) -> list[FileResult]:
    results = []
    with connect("test") as con:
        ledger.prepare(con, TABLES)
        for file in order:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[file])
            table = match_file(TABLES, file).table
            assert isinstance(table, Table), file
            results.append(ingest_file(con, path, table, file=file))
    return results


def _home(path: Path, files: Mapping[str, bytes], order: Sequence[str]) -> Home:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(path))
        results = _land(path / "landing", files, order)
        refused = [r.load.message for r in results if r.outcome == "refused"]
        assert not refused
        build(
            "path:models/staging fx_rates int_rates__periods int_spend__reports "
            "spend_restatements cast_failures",
            exclude="resource_type:test",
        )
        again = _land(path / "landing", files, order)
        assert {r.outcome for r in again} <= {"already_loaded", "duplicate"}
    return Home(path, order)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """(in order, shuffled with duplicates)."""
    rng = random.Random(SEED)
    files = _samples() | OVERLAPPING
    more = files | _copies(files, rng)
    shuffled = rng.sample(sorted(more), len(more))
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("ONEFOLD_")]:
            patch.delenv(name)
        return (
            _home(tmp_path_factory.mktemp("in_order"), files, sorted(files)),
            _home(tmp_path_factory.mktemp("shuffled"), more, shuffled),
        )


def _query(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(home.path))
        with connect("test", read_only=True) as con:
            return con.execute(sql).fetchall()


@pytest.fixture(params=[0, 1], ids=["in order", "shuffled"])
def home(request: pytest.FixtureRequest, homes: tuple[Home, Home]) -> Home:
    """Each of the two homes in turn."""
    found: Home = homes[request.param]
    return found


def test_the_same_day_replayed_shuffled_and_with_duplicates_gives_identical_staging(
    homes: tuple[Home, Home], covered: Covered
) -> None:
    found = []
    for one in homes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ONEFOLD_HOME", str(one.path))
            with connect("test", read_only=True) as con:
                found.append(table_checksums(con, ("staging",), LINEAGE))
    in_order, shuffled = found
    models = (PROJECT_ROOT / "dbt_project" / "models" / "staging").glob("*/stg_*.sql")
    assert set(in_order) == {f"staging.{m.stem}" for m in models}
    assert [name for name, (rows, _) in in_order.items() if not rows] == []
    differing = [name for name in in_order if in_order[name] != shuffled[name]]
    assert differing == [], f"seed {SEED}, order {homes[1].files}"
    rows = sum(rows for rows, _ in in_order.values())
    many, more = (len(one.files) for one in homes)
    covered(f"{len(in_order)} tables, {rows:,} rows; {many} files in order, {more} shuffled")


def test_the_vendors_samples_are_read_without_a_failed_cast(home: Home, covered: Covered) -> None:
    rows = _query(home, "select distinct object, failed_count > 0 from quality.cast_failures")
    assert len(rows) > 30
    assert not [row for row in rows if row[1]]
    covered(f"{len({table for table, _ in rows})} tables, {sum(bad for _, bad in rows)} failures")


def test_snapshot_shows_deletes_as_deletes_whatever_comes_late(
    home: Home, covered: Covered
) -> None:
    rows = _query(
        home,
        "select hubspot_contact_id, last_name, is_deleted, last_seen_at "
        "from staging.stg_hubspot__contacts where hubspot_contact_id like 's%' order by 1",
    )
    assert rows == [
        ("s1", "One new", False, datetime(2027, 1, 2)),
        ("s2", "Two new", False, datetime(2027, 1, 2)),  # in the second part of that day
        ("s3", "Three", True, datetime(2027, 1, 1)),
        ("s4", "Four", True, datetime(2026, 12, 31)),  # only a late file ever had it
    ]
    covered(f"{sum(row[2] for row in rows)} of {len(rows)} contacts deleted")


def test_snapshot_of_memberships_shows_who_left_a_list(home: Home, covered: Covered) -> None:
    rows = _query(
        home,
        "select hubspot_record_id, hubspot_list_id, is_deleted "
        "from staging.stg_hubspot__list_memberships where hubspot_record_id like 'm%' order by all",
    )
    assert rows == [
        ("m1", "11", False), ("m1", "12", True), ("m2", "11", True), ("m3", "12", False),
    ]  # fmt: skip
    covered(f"{sum(row[2] for row in rows)} of {len(rows)} memberships ended")


def test_append_counts_an_overlapping_window_once(home: Home, covered: Covered) -> None:
    rows = _query(
        home,
        "select hubspot_email_event_id, count(*) from staging.stg_hubspot__email_events "
        "where hubspot_email_event_id like 'ev%' group by 1 order by 1",
    )
    assert rows == [("ev01", 1), ("ev02", 1), ("ev03", 1)]
    covered(f"{sum(count for _, count in rows)} events from overlapping windows")


def test_upsert_keeps_the_newest_state_whatever_comes_last(home: Home, covered: Covered) -> None:
    subscriptions = _query(
        home,
        "select billing_subscription_id, subscription_status "
        "from staging.stg_billing__subscriptions "
        "where billing_subscription_id in ('sub_x', 'sub_y') order by 1",
    )
    assert subscriptions == [("sub_x", "canceled"), ("sub_y", "active")]
    leads = _query(
        home,
        "select salesforce_lead_id, last_name from staging.stg_salesforce__leads "
        "where salesforce_lead_id in ('00Qx', '00Qy', '00Qz') order by 1",
    )
    assert leads == [("00Qx", "Newer"), ("00Qy", "Newer"), ("00Qz", "Newest")]
    covered(f"{len(subscriptions) + len(leads)} records")


def test_restated_ad_spend_counts_the_newest_report_and_says_by_how_much(
    home: Home, covered: Covered
) -> None:
    days = _query(
        home,
        "select report_date::varchar, cost_local::varchar "
        "from staging.stg_google_ads__campaign_days "
        "where google_ads_campaign_id = 'overlap' order by 1",
    )
    assert days == [
        ("2027-01-01", "10.00"), ("2027-01-02", "21.00"), ("2027-01-03", "30.00"),
        ("2027-01-04", "40.00"),
    ]  # fmt: skip
    restated = _query(
        home,
        "select spend_date::varchar, old_cost_local::varchar, new_cost_local::varchar, "
        "change_local::varchar, old_file, new_file from quality.spend_restatements "
        "where source_campaign_id = 'overlap' order by restated_at",
    )
    assert restated == [
        ("2027-01-02", "20.00", "21.50", "1.50", *_overlaps(1, 2)),
        ("2027-01-02", "21.50", "21.00", "-0.50", *_overlaps(2, 3)),
    ]
    covered(
        ", ".join(f"{change:>+}" for change in (float(row[3]) for row in restated)) + " recorded"
    )


def _overlaps(*numbers: int) -> list[str]:
    return [f"google_ads/overlap_{number}.csv" for number in numbers]
