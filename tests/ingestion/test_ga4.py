"""GA4's BigQuery export, as JSON lines and as Parquet: one event, whatever the file."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

EXPORT = (Path(__file__).parent / "exports" / "ga4_events_20260901.jsonl").read_bytes()
EVENTS = [json.loads(line) for line in EXPORT.splitlines()]
COLUMNS = (
    "event_date, event_timestamp, event_name, event_bundle_sequence_id, batch_page_id, "
    "user_pseudo_id, user_id, ga_session_id, page_location, page_referrer, page_title, "
    "traffic_type, device_category, browser, country, analytics_storage, ads_storage"
)
SELECT = f"select {COLUMNS}, _line from raw_web_events.ga4_events order by _line"
# BigQuery's own types: integers stay integers in Parquet, in JSON they are texts.
VALUE = pa.struct(
    [("string_value", pa.string()), ("int_value", pa.int64()),
     ("float_value", pa.float64()), ("double_value", pa.float64())]
)  # fmt: skip
PARAM = pa.struct([("key", pa.string()), ("value", VALUE)])
WRAPPED = pa.struct([("list", pa.list_(pa.struct([("element", PARAM)])))])


def schema(params: pa.DataType) -> pa.Schema:
    text = {"event_date", "event_name", "user_pseudo_id", "user_id", "platform", "stream_id"}
    whole = {"event_timestamp", "event_bundle_sequence_id", "batch_page_id"}
    nested: dict[str, pa.DataType] = {
        "event_params": params,
        "privacy_info": pa.struct(
            [("analytics_storage", pa.string()), ("ads_storage", pa.string())]
        ),
        "device": pa.struct(
            [("category", pa.string()), ("web_info", pa.struct([("browser", pa.string())]))]
        ),
        "geo": pa.struct([("country", pa.string())]),
        "collected_traffic_source": pa.struct([("manual_source", pa.string())]),
    }
    kinds = dict.fromkeys(sorted(text), pa.string()) | dict.fromkeys(sorted(whole), pa.int64())
    return pa.schema(list((kinds | nested).items()))


def typed(kind: pa.DataType, value: Any) -> Any:
    """A value of the JSON export as Parquet holds it."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        if kind == WRAPPED:
            return {"list": [{"element": typed(PARAM, item)} for item in value]}
        return {field.name: typed(field.type, value.get(field.name)) for field in kind}
    if pa.types.is_list(kind):
        return [typed(kind.value_type, item) for item in value]
    return int(value) if pa.types.is_integer(kind) else value


def parquet(params: pa.DataType) -> bytes:
    columns = schema(params)
    rows = [{f.name: typed(f.type, e.get(f.name)) for f in columns} for e in EVENTS]
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=columns), target, compression="snappy")
    return target.getvalue()


def test_events_land_by_their_parameters(land, ingest, query) -> None:
    land("web_events/ga4/events_20260901.jsonl", EXPORT)
    load = ingest()["web_events/ga4/events_20260901.jsonl"].load
    assert (load.object, load.rows_in, load.rows_loaded, load.rows_rejected) == (
        "ga4_events", 6, 6, 0,
    ), load.message  # fmt: skip
    assert load.time_zone == "UTC"
    assert {"device.web_info.hostname", "geo.city"} <= set(load.undeclared_columns)
    rows = query(SELECT)
    assert rows[0] == (
        "20260901", "1788250000000000", "page_view", "1", "7", "1111111111.1788250000", None,
        "1788250000",
        "https://www.onefold.example/pricing?utm_source=google&utm_medium=cpc"
        "&utm_campaign=Search_SMB_Q3-2026_Brand&gclid=Cj0-1",
        "https://www.google.com/", "Pricing", None, "mobile", "Chrome", "Portugal", "Yes", "No", 1,
    )  # fmt: skip
    assert [(r[2], r[5], r[6], r[11]) for r in rows[1:]] == [
        ("scroll", "1111111111.1788250000", None, None),
        ("page_view", "1111111111.1788250000", "u-1001", None),
        ("login", "1111111111.1788250000", "u-1001", None),
        ("page_view", None, None, None),
        ("page_view", "2222222222.1788250100", None, "internal"),
    ]
    ((collected,),) = query(
        "select collected_traffic_source from raw_web_events.ga4_events where _line = 1"
    )
    assert json.loads(collected) == EVENTS[0]["collected_traffic_source"]


def test_every_form_of_the_export_lands_the_same(land, ingest, query) -> None:
    forms = {
        "events_20260901_000000000000.json.gz": gzip.compress(EXPORT),
        "events_20260901.parquet": parquet(pa.list_(PARAM)),
        "events_20260902.parquet": parquet(WRAPPED),
        "events_20260903-000000000000": EXPORT + b"\n",
    }
    for name, raw in forms.items():
        land(f"web_events/ga4/{name}", raw)
    found = ingest()
    assert {r.outcome for r in found.values()} == {"loaded"}, [
        r.load.message for r in found.values()
    ]
    assert {r.load.object for r in found.values()} == {"ga4_events"}
    by_file = {
        name: query(
            f"select {COLUMNS}, _line from raw_web_events.ga4_events "
            f"where _file = 'web_events/ga4/{name}' order by _line"
        )
        for name in forms
    }
    (first, *others) = by_file.values()
    assert len(first) == 6
    assert all(other == first for other in others)


def test_an_event_without_a_time_is_rejected_and_the_others_land(land, ingest, query) -> None:
    land("web_events/ga4/day.jsonl", EXPORT + b'{"event_name":"page_view"}\n')
    load = ingest()["web_events/ga4/day.jsonl"].load
    assert (load.rows_in, load.rows_loaded, load.rows_rejected) == (7, 6, 1)
    assert query("select line, reason from state.rejects") == [
        (7, "the key event_timestamp is missing")
    ]


def test_other_json_lines_do_not_become_ga4_events(land, ingest) -> None:
    land("web_events/ga4/segment.jsonl", b'{"messageId":"m","type":"page","timestamp":"x"}\n')
    result = ingest()["web_events/ga4/segment.jsonl"]
    assert result.outcome == "refused"
    assert "the key event_timestamp is missing" in result.load.message
