"""A GA4 export beside Segment's, from the file to the sessions that touches are made of."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion.landing import ingest_landing
from warehouse.dbt import build
from warehouse.settings import settings

GA4 = Path(__file__).parents[2] / "ingestion" / "exports" / "ga4_events_20260901.jsonl"
SELECT = (
    "bots internal_traffic web_collectors touch_rules session_rules staging.web_events "
    "identity.evidence.web int_web__numbered_pages int_web__sessions assert_pages_are_conserved"
)
VISITOR = "1111111111.1788250000"
SEGMENT = {
    "messageId": "m-1", "type": "page", "anonymousId": "seg-1", "timestamp": "2026-09-01T12:00:00Z",
    "properties": {"url": "https://blog.onefold.example/why"},
    "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Firefox/142.0"},
}  # fmt: skip


def test_a_ga4_export_becomes_sessions_beside_segment(
    module_home: Path, warehouse_with: Any, query: Callable[[str], list[dict[str, Any]]]
) -> None:
    landing = settings().landing / "web_events"
    (landing / "ga4").mkdir(parents=True)
    (landing / "ga4" / GA4.name).write_bytes(GA4.read_bytes())
    (landing / "segment.jsonl").write_text(json.dumps(SEGMENT) + "\n")
    assert not ingest_landing().refused
    warehouse_with(
        {
            "identity.identifiers": (
                "id_type varchar, id_value varchar, person_id varchar",
                [{"id_type": "anonymous_id", "id_value": VISITOR, "person_id": "p"}],
            ),
            "identity.person_records": (
                "source varchar, record_type varchar, record_id varchar, person_id varchar", [],
            ),
        }
    )  # fmt: skip
    build(SELECT)
    sessions = {r["started_at"]: r for r in query("from marts.int_web__sessions")}
    first = sessions[datetime(2026, 9, 1, 8, 6, 40)]
    assert (first["person_id"], first["collector"], first["page_count"]) == ("p", "ga4", 2)
    assert (first["landing_path"], first["utm_campaign"], first["click_id_type"]) == (
        "/pricing", "Search_SMB_Q3-2026_Brand", "gclid",
    )  # fmt: skip
    assert first["ended_at"] == datetime(2026, 9, 1, 8, 7, 40)
    refused = sessions[datetime(2026, 9, 1, 8, 8, 40)]
    assert (refused["anonymous_id"], refused["has_analytics_consent"]) == (None, False)
    assert {r["collector"] for r in sessions.values()} == {"segment", "ga4"}
    assert len(sessions) == 3
    (left_out,) = query("from identity.int_web__left_out_pages")
    assert (left_out["left_out_by"], left_out["page_host"]) == (
        "internal_stage", "staging.onefold.example",
    )  # fmt: skip
