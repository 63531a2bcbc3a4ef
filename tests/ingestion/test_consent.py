"""Consent events land as they were recorded, without the visitor's IP address."""

from pathlib import Path

EXPORTS = Path(__file__).parent / "exports"
SEGMENT = (EXPORTS / "segment_consent_preferences.jsonl").read_bytes()
RECEIPTS = (EXPORTS / "onetrust_receipts.csv").read_bytes()


def test_segment_preferences_land_as_written(land, ingest, query) -> None:
    land("consent/2026-03.jsonl", SEGMENT)
    load = ingest()["consent/2026-03.jsonl"].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("segment_preferences", 2, 2)
    assert {"context.ip", "context.page"} <= set(load.undeclared_columns)
    assert query(
        "select message_id, anonymous_id, user_id, _normal_email, preferences, timestamp, "
        "received_at from raw_consent.segment_preferences order by _line"
    ) == [
        ("ajs-1", "a1b2c3", "u-1", "zoe@example.test", '{"Advertising":false,"Analytics":true}',
         "2026-03-01T10:00:00.200Z", "2026-03-01T10:00:01.000Z"),
        ("ajs-2", "d4e5f6", None, None, "{}", "2026-03-02T12:00:00.000+02:00", None),
    ]  # fmt: skip


def test_onetrust_receipts_land_as_written(land, ingest, query) -> None:
    land("consent/receipts.csv", RECEIPTS)
    load = ingest()["consent/receipts.csv"].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("onetrust_receipts", 3, 3)
    assert load.undeclared_columns == ("transactionGuid",)
    assert query(
        'select left("receiptId", 8), identifier, _normal_identifier, left("purposeGuid", 8), '
        '"transactionType", "interactionDate", test '
        "from raw_consent.onetrust_receipts order by _line"
    ) == [
        ("51a3384e", "Zoe@Example.test", "zoe@example.test", "0e7ed8b7", "CONFIRMED",
         "2026-03-01T10:00:00.000", "false"),
        ("51a3384e", "Zoe@Example.test", "zoe@example.test", "1f8fe9c8", "NOTGIVEN",
         "2026-03-01T10:00:00.000", "false"),
        ("6b04495f", "crm-0042", None, "0e7ed8b7", "WITHDRAWN", "2026-03-05T08:30:00Z", "true"),
    ]  # fmt: skip


def test_files_without_a_decision_are_refused(land, ingest) -> None:
    land("consent/receipts.csv", RECEIPTS.replace(b"transactionType", b"status", 1))
    land("consent/pages.jsonl", SEGMENT.replace(b"categoryPreferences", b"categories"))
    found = ingest()
    assert {result.outcome for result in found.values()} == {"refused"}
    receipts, pages = (found[f"consent/{name}"].load for name in ("receipts.csv", "pages.jsonl"))
    assert "missing declared column transactionType" in receipts.message
    assert "preferences (context.consent.categoryPreferences)" in pages.message
