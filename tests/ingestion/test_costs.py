"""The list of costs lands as it is kept."""

from pathlib import Path

EXPORT = (Path(__file__).parent / "exports" / "costs.csv").read_bytes()


def test_costs_land_as_written(land, ingest, query) -> None:
    land("costs/2026-q1.csv", EXPORT)
    load = ingest()["costs/2026-q1.csv"].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("costs", 4, 4)
    assert (load.currency, load.undeclared_columns) == ("EUR,JPY,USD", ())
    assert query(
        "select cost_id, cost_date, category, description, campaign, amount, currency, source, "
        "_line from raw_costs.costs order by _line"
    ) == [
        ("exp-2026-014", "2026-02-10", "event", "Booth, 3 x 3 m, Summit Lisbon",
         "event|summit_lisbon|eu", "18500.00", "EUR", "finance", 2),
        ("exp-2026-015", "2026-02-28", "tool", "Webinar licence", "", "149.90", "USD",
         "finance", 3),
        ("exp-2026-016", "2026-02-28", "agency", "Credit for January", "", "-250.00", "USD",
         "agency portal", 4),
        ("exp-2026-017", "2026-03-01", "content", "動画制作", "brand|video|jp", "300000", "JPY",
         "marketing", 5),
    ]  # fmt: skip


def test_a_cost_without_its_id_is_rejected_and_the_others_land(land, ingest, query) -> None:
    land("costs/2026-q1.csv", EXPORT.replace(b"exp-2026-015", b" "))
    load = ingest()["costs/2026-q1.csv"].load
    assert (load.rows_in, load.rows_loaded, load.rows_rejected) == (4, 3, 1)
    assert query("select line, reason from state.rejects") == [(3, "the key cost_id is missing")]


def test_a_list_without_the_currency_is_refused(land, ingest) -> None:
    land("costs/2026-q1.csv", EXPORT.replace(b",currency,", b",cur,", 1))
    found = ingest()["costs/2026-q1.csv"]
    assert found.outcome == "refused"
    assert "missing declared column currency" in found.load.message
