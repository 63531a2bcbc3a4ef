"""Google Ads reports in ten interface languages: one report, its figures known in advance."""

import copy
import csv
import io
from typing import Any

import openpyxl
import pytest
from pydantic import ValidationError

from ingestion.sources import Table, find_table, read_tables

TABLE = find_table(read_tables(), "google_ads", "campaign_report")
LANGUAGES = TABLE.dialect.languages
NAMES = ("Day", "Campaign", "Campaign ID", "Currency code", "Cost", "Impr.", "Clicks",
         "Conversions", "Conv. value")  # fmt: skip
# Written here by hand, not read from the declaration: how each language groups and marks decimals,
# what its first lines say, and the labels of its totals (campaigns, account, a part).
STYLES = {
    "en": (",", ".", "Campaign report", "September 1, 2026 - September 3, 2026",
           ("Total: Campaigns", "Total: Account", "Total: Search")),
    "es": (".", ",", "Informe de campañas", "1 de septiembre de 2026 - 3 de septiembre de 2026",
           ("Total: Campañas", "Total: Cuenta", "Total: Búsqueda")),
    "pt": (".", ",", "Relatório de campanha", "1 de setembro de 2026 - 3 de setembro de 2026",
           ("Total: Campanhas", "Total: Conta", "Total: Pesquisa")),
    "de": (".", ",", "Kampagnenbericht", "1. September 2026 - 3. September 2026",
           ("Gesamt: Kampagnen", "Gesamt: Konto", "Gesamt: Suche")),
    "fr": ("\u202f", ",", "Rapport sur les campagnes", "1 sept. 2026 - 3 sept. 2026",
           ("Total : campagnes", "Total : compte", "Total : Réseau de Recherche")),
    "it": (".", ",", "Rapporto Campagne", "1 settembre 2026 - 3 settembre 2026",
           ("Totale: campagne", "Totale: account", "Totale: ricerca")),
    "ja": (",", ".", "キャンペーン レポート", "2026年9月1日 - 2026年9月3日",
           ("合計: キャンペーン", "合計: アカウント", "合計: 検索")),
    "ko": (",", ".", "캠페인 보고서", "2026. 9. 1.~2026. 9. 3.",
           ("총계: 캠페인", "총계: 계정", "총계: 검색")),
    "pl": ("\u00a0", ",", "Raport kampanii", "1 wrz 2026 - 3 wrz 2026",
           ("Razem: kampanie", "Razem: konto", "Razem: wyszukiwanie")),
    "ru": ("\u00a0", ",", "Отчет о кампании", "1 сентября 2026 г. - 3 сентября 2026 г.",  # noqa: RUF001
           ("Итого: кампании", "Итого: аккаунт", "Итого: поиск")),
}  # fmt: skip
# The report: day, campaign, id, then cost, impressions, clicks, conversions, value.
ROWS = [
    ("2026-09-01", "brand|search", "21456789012", "1204.50", "48210", "1930", "96.00", "9120.00"),
    ("2026-09-02", "brand|search", "21456789012", "10.00", "100", "10", "1.00", "50.00"),
    ("2026-09-03", "Größe, été, 夏", "21456789013", "300.00", "9000", "300", "--", "0.00"),
]
SUMS = ("1514.50", "57310", "2240", "97.00", "9170.00")
PART = ("1214.50", "48310", "1940", "97.00", "9170.00")
SELECT = (
    'select "Day", "Campaign", "Cost", "Impr.", "Conversions", "Language", "Decimal mark" '
    "from raw_google_ads.campaign_report where _file = 'google_ads/{}.csv'"
)


def written(figure: str, thousands: str, decimal: str) -> str:
    """A plain figure as people write it, three digits a group."""
    if figure == "--":
        return figure
    whole, _, rest = figure.partition(".")
    groups = []
    while whole:
        whole, group = whole[:-3], whole[-3:]
        groups.append(group)
    return thousands.join(reversed(groups)) + (decimal + rest if rest else "")


def names(code: str) -> list[str]:
    headers = LANGUAGES[code].headers
    return [headers[name][0] if headers else name for name in NAMES]


def report(code: str, delimiter: str = ",", **changes: Any) -> str:
    thousands, decimal, title, period, labels = STYLES[code]
    style = changes.get("style", (thousands, decimal))
    lines = [names(code)] if "header" not in changes else [changes["header"]]
    for day, campaign, key, *figures in changes.get("rows", ROWS):
        lines.append([day, campaign, key, "EUR", *(written(f, *style) for f in figures)])
    totals = zip(labels, changes.get("totals", (SUMS, SUMS, PART)), strict=False)
    for label, figures in totals:
        cells = ["2026-09-01", label, "--"] if changes.get("second") else [label, "", ""]
        lines.append([*cells, "EUR", *(written(f, *style) for f in figures)])
    head = f'{title}\n"{period}"\n'
    return head + "".join(delimiter.join(f'"{c}"' for c in line) + "\n" for line in lines)


def test_ten_languages_are_declared() -> None:
    assert set(LANGUAGES) == set(STYLES)
    assert len(LANGUAGES) == 10


def test_a_report_is_the_same_rows_and_sums_in_every_language(land, ingest, query) -> None:
    for code in STYLES:
        land(f"google_ads/{code}.csv", report(code))
    loads = {r.load.file: r.load for r in ingest().values()}
    for code, (thousands, decimal, title, period, _) in STYLES.items():
        load = loads[f"google_ads/{code}.csv"]
        assert (load.status, load.rows_in, load.rows_loaded, load.rows_skipped) == (
            "loaded", 6, 3, 3,
        ), load.message  # fmt: skip
        assert (load.checks["language"], load.currency) == (code, "EUR")
        assert load.checks["captured"]["date_range"] == period
        assert load.checks["captured"]["report_name"] == title
        sums = {name: f"{float(s):.2f}" for name, s in load.checks["totals"]["sums"].items()}
        assert sums == {
            "Cost": "1514.50", "Impr.": "57310.00", "Clicks": "2240.00",
            "Conversions": "97.00", "Conv. value": "9170.00",
        }  # fmt: skip
        assert query(f"{SELECT.format(code)} order by _line")[0] == (
            "2026-09-01", "brand|search", f"1{thousands}204{decimal}50", f"48{thousands}210",
            f"96{decimal}00", code, decimal,
        )  # fmt: skip


def test_the_excel_download_is_the_same(land, ingest, query) -> None:
    codes = ("de", "fr", "ja", "ru")
    for code in codes:
        raw = report(code, "\t").replace("\n", "\r\n").encode("utf-16")
        land(f"google_ads/{code}.csv", raw)
    loads = {r.load.file: r.load for r in ingest().values()}
    for code in codes:
        load = loads[f"google_ads/{code}.csv"]
        assert (load.status, load.checks["language"]) == ("loaded", code), load.message
        found = query(f"{SELECT.format(code)} order by _line")
        assert [row[1] for row in found] == [row[1] for row in ROWS]


def workbook(code: str, *, as_numbers: bool) -> bytes:
    """The report as a spreadsheet, with number cells or with the cells of the CSV as text."""
    book = openpyxl.Workbook()
    for line in csv.reader(io.StringIO(report(code))):
        book.active.append(line)
    if as_numbers:
        figures = [*(row[3:] for row in ROWS), SUMS, SUMS, PART]
        for row, cells in enumerate(figures, start=4):
            for column, figure in enumerate(cells, start=5):
                book.active.cell(row, column).value = figure if figure == "--" else float(figure)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_spreadsheet_holds_numbers_in_every_language(land, ingest, query) -> None:
    for code in ("en", "de", "fr"):
        land(f"google_ads/{code}.xlsx", workbook(code, as_numbers=True))
        land(f"google_ads/{code}_text.xlsx", workbook(code, as_numbers=False))
    land("google_ads/saved_again.csv", report("fr", ";"))
    found = ingest()
    assert {r.outcome for r in found.values()} == {"loaded"}, [
        r.load.message for r in found.values()
    ]
    for result in found.values():
        assert float(result.load.checks["totals"]["sums"]["Cost"]) == 1514.5
    marks = query('select distinct _file, "Decimal mark" from raw_google_ads.campaign_report')
    assert {file.removeprefix("google_ads/"): mark for file, mark in marks} == {
        "en.xlsx": ".", "de.xlsx": ".", "fr.xlsx": ".", "en_text.xlsx": ".", "de_text.xlsx": ",",
        "fr_text.xlsx": ",", "saved_again.csv": ",",
    }  # fmt: skip


def test_spanish_is_written_in_two_ways(land, ingest, query) -> None:
    header = [cell.replace("Costo", "Coste") for cell in names("es")]
    land("google_ads/spain.csv", report("es", header=header))
    land("google_ads/mexico.csv", report("es", style=(",", ".")))
    crlf = report("es", "\t", style=(",", ".")).replace("\n", "\r\n")
    land(
        "google_ads/peru.csv",
        crlf.replace("96.00", "95.00").replace("97.00", "96.00").encode("utf-16"),
    )
    assert {r.load.status for r in ingest().values()} == {"loaded"}
    found = query('select distinct _file, "Decimal mark" from raw_google_ads.campaign_report')
    assert dict(found) == {
        "google_ads/mexico.csv": ".", "google_ads/peru.csv": ".", "google_ads/spain.csv": ",",
    }  # fmt: skip


def test_figures_of_another_language_are_refused(land, ingest) -> None:
    for code in ("de", "fr", "it", "pl", "ru", "pt"):
        land(f"google_ads/{code}.csv", report(code, style=(",", ".")))
    for code in ("en", "ja", "ko"):
        land(f"google_ads/{code}.csv", report(code, style=(".", ",")))
    found = ingest()
    assert len(found) == 9
    for result in found.values():
        assert result.outcome == "refused"
        assert "values of Cost are not numbers as declared" in result.load.message


def test_a_header_in_two_languages_is_refused(land, ingest) -> None:
    header = names("de")
    header[2] = "Campaign ID"
    land("google_ads/mixed.csv", report("de", header=header))
    header = names("ja")[:4] + names("ko")[4:]
    land("google_ads/half.csv", report("ja", header=header))
    messages = {name: r.load.message for name, r in ingest().items()}
    assert "is in de, but holds Campaign ID (en): expected one" in messages["google_ads/mixed.csv"]
    assert "is in ko, but holds キャンペーン (ja)" in messages["google_ads/half.csv"]


def test_a_header_in_no_language_says_which_are_read(land, ingest) -> None:
    land("google_ads/r.csv", "Dag,Campagne,Campagne-ID,Valutacode,Kosten\n2026-09-01,a,1,EUR,1\n")
    message = ingest()["google_ads/r.csv"].load.message
    assert "in one of the languages en, es, pt, de, fr, it, ja, ko, pl, ru" in message
    assert "Kosten" not in message


def test_a_lost_row_or_lost_totals_are_noticed_in_every_language(land, ingest) -> None:
    for code in STYLES:
        land(f"google_ads/row_{code}.csv", report(code, rows=ROWS[1:]))
        land(f"google_ads/totals_{code}.csv", report(code, totals=()))
    found = ingest()
    assert {r.outcome for r in found.values()} == {"refused"}
    for code in STYLES:
        assert "310" in found[f"google_ads/row_{code}.csv"].load.message
        assert "may be cut" in found[f"google_ads/totals_{code}.csv"].load.message


def test_an_account_total_may_count_what_a_filter_left_out(land, ingest) -> None:
    more = ("2000.00", "60000", "3000", "99.00", "9999.00")
    land("google_ads/r.csv", report("de", totals=(SUMS, more)))
    land("google_ads/none.csv", report("de", totals=(more, more)))
    found = ingest()
    assert found["google_ads/r.csv"].outcome == "loaded"
    assert "none of its totals rows" in found["google_ads/none.csv"].load.message


def test_labels_may_stand_in_the_second_cell_once_a_day(land, ingest, query) -> None:
    days = [("2.50", "10", "1", "0.00", "0.00"), ("1512.00", "57300", "2239", "97.00", "9170.00")]
    text = report("ja", second=True, totals=(days[0],))
    text += report("ja", second=True, rows=[], totals=(days[1],)).split("\n", 3)[3]
    land("google_ads/r.csv", text)
    load = ingest()["google_ads/r.csv"].load
    assert (load.status, load.rows_loaded, load.rows_skipped) == ("loaded", 3, 2), load.message
    assert load.checks["totals"]["rows"] == ["合計: キャンペーン"]
    assert all(not row[1].startswith("合計") for row in query(SELECT.format("r")))


def test_a_declaration_that_cannot_work_is_broken() -> None:
    declared = TABLE.model_dump()
    cases = {
        "cannot be told apart": {"xx": declared["dialect"]["languages"]["de"]},
        "must name each required column": {"xx": {"headers": {"Day": "Dag"}}},
        "another decimal mark": {"xx": {"numbers": [{"thousands": ","}, {"thousands": " "}]}},
    }
    for reason, more in cases.items():
        broken = copy.deepcopy(declared)
        broken["dialect"]["languages"] |= more
        with pytest.raises(ValidationError, match=reason):
            Table.model_validate(broken)
