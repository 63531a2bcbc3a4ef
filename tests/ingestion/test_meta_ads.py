"""Ads Manager reports: the currency in a header, the totals on the first row."""

from pathlib import Path

import pytest

EXPORT = (Path(__file__).parent / "exports" / "meta_ads_manager.csv").read_bytes()
FILE = "meta_ads/report.csv"
SPANISH = """Inicio del informe,Fin del informe,Nombre de la campaña,Identificador de la campaña,\
Identificador del anuncio,Importe gastado (COP),Impresiones
2026-09-01,2026-09-30,,,,"200.50",11
2026-09-01,2026-09-30,Otoño,120210000000000001,120210000000000021,150.00,5
2026-09-01,2026-09-30,Otoño,120210000000000001,120210000000000022,50.50,6
"""


def test_a_report_lands_as_it_is_and_its_currency_with_it(land, ingest, query) -> None:
    land(FILE, EXPORT)
    load = ingest()[FILE].load
    assert (load.object, load.rows_in, load.rows_loaded, load.rows_skipped, load.rows_rejected) == (
        "ads_report", 4, 3, 1, 0,
    )  # fmt: skip
    assert (load.currency, load.time_zone, load.is_partial) == ("EUR", "America/New_York", False)
    assert load.checks["totals"]["sums"] == {
        "Amount spent": "110.1", "Impressions": "11000", "Link clicks": "210", "Purchases": "4",
        "Purchases conversion value": "400",
    }  # fmt: skip
    assert load.checks["captured"] == {"currency": "EUR"}
    assert load.checks["renamed_columns"] == {"Amount spent (EUR)": "Amount spent"}
    assert load.missing_optional == ("Clicks (all)",)
    assert load.undeclared_columns == (
        "Attribution setting", "Results", "Result indicator", "Reach",
    )  # fmt: skip
    assert query("select * exclude (_loaded_at) from raw_meta_ads.ads_report order by _line") == [
        ("2026-09-01", "2026-09-02", day, "Winter, Sale", "120210000000000001", "Broad 25-45",
         "120210000000000011", "Video A", "120210000000000021", spent, "EUR", shown, clicks, None,
         purchases, value, FILE, line, load.load_id)
        for day, spent, shown, clicks, purchases, value, line in [
            ("2026-09-01", "33.33", "4000", "80", "2", "200.00", 3),
            ("2026-09-01", "66.67", "6000", "110", "1", "100.00", 4),
            ("2026-09-02", "10.10", "1000", "20", "1", "100.00", 5),
        ]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"110.10"', b'"110.11"', "says Amount spent 110.11, but the rows add up to 110.1 "),
        (b'"11000"', b'"10000"', "says Impressions 10000, but the rows add up to 11000 "),
        (b"Amount spent (EUR)", b"Amount spent", "says its currency neither in"),
        (b"Amount spent (EUR)", b"Spend", "missing declared column Amount spent"),
        (b'"Reach"', b'"Amount spent (USD)"', "column Amount spent appears twice"),
        (b'"Ad ID"', b'"Ad"', "missing declared column Ad ID"),
    ],
)
def test_what_does_not_add_up_or_lacks_its_currency_is_refused(
    land, ingest, old: bytes, new: bytes, reason: str
) -> None:
    assert EXPORT.count(old) == 1
    land(FILE, EXPORT.replace(old, new))
    found = ingest()[FILE]
    assert found.outcome == "refused"
    assert reason in found.load.message


def test_any_currency_and_spanish_headers_are_the_same_columns(land, ingest, query) -> None:
    land("meta_ads/es.csv", SPANISH)
    land("meta_ads/jp.csv", EXPORT.replace(b"(EUR)", b"(JPY)"))
    found = ingest()
    assert found["meta_ads/es.csv"].load.currency == "COP"
    assert found["meta_ads/es.csv"].load.rows_skipped == 1
    assert found["meta_ads/jp.csv"].load.currency == "JPY"
    assert query(
        'select "Ad ID", "Amount spent", "Currency", "Day" from raw_meta_ads.ads_report '
        "where _file = 'meta_ads/es.csv' order by _line"
    ) == [
        ("120210000000000021", "150.00", "COP", None),
        ("120210000000000022", "50.50", "COP", None),
    ]


def test_a_report_without_rows_still_says_its_currency(land, ingest) -> None:
    land(FILE, EXPORT.split(b"\n")[0] + b"\n")
    load = ingest()[FILE].load
    assert (load.status, load.rows_in, load.currency) == ("loaded", 0, "EUR")
