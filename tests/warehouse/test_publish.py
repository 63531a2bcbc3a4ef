"""Only what published.yml lists reaches the file that BI reads, and it gets there whole."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.connection import connect
from warehouse.publish import CONTRACT, Published, PublishError, contract, publish
from warehouse.settings import settings

AS_OF = "2026-06-30 12:00:00"
SECRET = "ann.secret@example.org"
CAMPAIGN = "Search_SMB_Q2-2026_Always-On"
TYPES = {
    "marts.fct_touches": {"is_consented": "boolean"},
    "marts.dim_campaigns": {"is_conventional": "boolean"},
}
RULES = [{"field": "utm_source", "value": "google"}, {"field": "utm_medium", "value": "cpc"}]
CAMPAIGNS = [
    {"campaign_id": f"utm:{CAMPAIGN}", "campaign_source": "utm", "campaign_name": CAMPAIGN,
     "canonical_name": CAMPAIGN, "is_conventional": True},
    {"campaign_id": f"utm:{SECRET}", "campaign_source": "utm", "campaign_name": SECRET,
     "canonical_name": SECRET, "is_conventional": False},
    {"campaign_id": "salesforce:701", "campaign_source": "salesforce", "campaign_name": "Odd one",
     "canonical_name": "Odd one", "is_conventional": False},
]  # fmt: skip
TOUCHES = [
    {"touch_id": "t_good", "is_consented": True, "campaign_id": f"utm:{CAMPAIGN}",
     "utm_source": "google", "utm_medium": "cpc", "utm_campaign": CAMPAIGN,
     "landing_path": "/pricing"},
    {"touch_id": "t_odd", "is_consented": True, "campaign_id": f"utm:{SECRET}",
     "utm_source": SECRET, "utm_medium": "cpc ", "utm_campaign": SECRET, "utm_content": SECRET,
     "landing_path": f"/leave/{SECRET}"},
    {"touch_id": "t_coded", "is_consented": True, "landing_path": "/ann.secret%40example.org"},
    {"touch_id": "t_refused", "is_consented": False},
    {"touch_id": "t_unknown"},
]  # fmt: skip
CREDITS = [
    {"conversion_id": "v1", "touch_id": "t_good", "campaign_id": f"utm:{CAMPAIGN}"},
    {"conversion_id": "v1", "touch_id": "t_odd", "campaign_id": f"utm:{SECRET}"},
    {"conversion_id": "v2", "touch_id": "(unattributed)"},
]
ROWS: dict[str, list[dict[str, Any]]] = {
    "marts.dim_people": [
        {"person_id": "p_1", "email": SECRET, "first_name": "Ann", "phone": "+4930123456"},
        {"person_id": "p_2"},
    ],
    "marts.dim_campaigns": CAMPAIGNS,
    "marts.fct_touches": TOUCHES,
    "marts.fct_attributed_conversions": CREDITS,
    "marts.conversion_touches": CREDITS,
    "marts.campaign_attribution": [
        {"campaign_id": f"utm:{CAMPAIGN}", "canonical_name": CAMPAIGN},
        {"campaign_id": f"utm:{SECRET}", "canonical_name": SECRET},
        {"canonical_name": "(unattributed)"},
    ],
    "marts.campaign_influence": [
        {"campaign_id": f"utm:{CAMPAIGN}", "canonical_name": CAMPAIGN},
        {"campaign_id": f"utm:{SECRET}", "canonical_name": SECRET},
    ],
    "marts.channel_attribution": [{"channel": "email"}],
    "ops.rejects": [{"load_id": "1", "raw_text": SECRET}],
}
"""Inline builds of some tables; every table of published.yml exists, the others without rows."""


def column_types(table: str) -> dict[str, str]:
    """Text columns for all that the contract or a row names; the few that conditions read typed."""
    named = [c for c in contract()[table].columns if c != "*"]
    named += [c for row in ROWS.get(table, []) for c in row]
    return dict.fromkeys(named or ["run_id"], "varchar") | TYPES.get(table, {})


@pytest.fixture(scope="session")
def build(warehouse_with: Callable[..., None]) -> Callable[[], None]:
    """Write the inline build into the current home."""

    def write() -> None:
        tables = {
            table: (", ".join(f"{c} {t}" for c, t in column_types(table).items()),
                    ROWS.get(table, []))
            for table in contract()
        }  # fmt: skip
        tables["rules.utm_values"] = ("field varchar, value varchar", RULES)
        people = [{"person_id": f"p_{n}"} for n in range(3)]
        tables["segments.customers"] = ("person_id varchar", people)
        tables["segments.nobody"] = ("person_id varchar", [])
        tables["segments.int_working__table"] = ("person_id varchar", people)
        tables["marts.secret_plans"] = ("email varchar", [{"email": SECRET}])
        warehouse_with(tables)

    return write


@pytest.fixture(scope="module")
def done(module_home: Path, build: Callable[[], None]) -> Published:
    """One publish, for all tests that only look at it."""
    build()
    return publish("run 1", AS_OF)


@pytest.fixture
def bi(done: Published) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file as a BI tool opens it."""
    with duckdb.connect(str(settings().published), read_only=True) as con:
        yield con


def test_only_the_columns_of_the_contract_leave(bi: duckdb.DuckDBPyConnection) -> None:
    found: dict[str, list[str]] = {}
    for table, column in bi.execute(
        "select table_schema || '.' || table_name, column_name from information_schema.columns "
        "where table_schema not in ('meta', 'segments') order by ordinal_position"
    ).fetchall():
        found.setdefault(table, []).append(column)
    assert len(found) > 10
    expected = {
        table: list(column_types(table)) if "*" in public.columns else list(public.columns)
        for table, public in contract().items()
    }
    assert found == expected


def test_nothing_personal_leaves_by_any_column(bi: duckdb.DuckDBPyConnection) -> None:
    rows = [
        str(row).lower()
        for table in contract()
        for row in bi.execute(f"select * from {table}").fetchall()
    ]
    assert len(rows) > 15
    assert not [row for row in rows if "secret" in row or "@" in row or "4930123456" in row]


def test_touches_after_a_refusal_are_not_shown(bi: duckdb.DuckDBPyConnection) -> None:
    touches = bi.execute("select touch_id from marts.fct_touches").fetchall()
    assert sorted(touches) == [("t_coded",), ("t_good",), ("t_odd",)]


def test_values_outside_the_conventions_are_null(bi: duckdb.DuckDBPyConnection) -> None:
    rows = bi.execute(
        "select touch_id, utm_source, utm_medium, utm_campaign, campaign_id, landing_path "
        "from marts.fct_touches order by touch_id desc"
    ).fetchall()
    assert rows == [
        ("t_odd", None, None, None, None, None),
        ("t_good", "google", "cpc", CAMPAIGN, f"utm:{CAMPAIGN}", "/pricing"),
        ("t_coded", None, None, None, None, None),
    ]


def test_a_campaign_only_a_url_knows_is_shown_where_it_is_conventional(
    bi: duckdb.DuckDBPyConnection,
) -> None:
    names = bi.execute("select campaign_id, campaign_name from marts.dim_campaigns").fetchall()
    assert sorted(names) == [("salesforce:701", "Odd one"), (f"utm:{CAMPAIGN}", CAMPAIGN)]
    for table in ("conversion_touches", "fct_attributed_conversions"):
        credits = bi.execute(f"select touch_id, campaign_id from marts.{table}").fetchall()
        assert credits == [
            ("t_good", f"utm:{CAMPAIGN}"), ("t_odd", None), ("(unattributed)", None),
        ]  # fmt: skip
    assert bi.execute(
        "select campaign_id, canonical_name from marts.campaign_attribution"
    ).fetchall() == [
        (f"utm:{CAMPAIGN}", CAMPAIGN), (None, "(unconventional name)"), (None, "(unattributed)"),
    ]  # fmt: skip
    assert bi.execute(
        "select campaign_id, canonical_name from marts.campaign_influence"
    ).fetchall() == [(f"utm:{CAMPAIGN}", CAMPAIGN), (None, "(unconventional name)")]


def test_segments_leave_as_counts(bi: duckdb.DuckDBPyConnection) -> None:
    assert bi.execute("from segments.counts").fetchall() == [("customers", 3), ("nobody", 0)]
    tables = bi.execute("select table_name from duckdb_tables() where schema_name = 'segments'")
    assert tables.fetchall() == [("counts",)]


def test_the_file_says_what_it_is(bi: duckdb.DuckDBPyConnection, done: Published) -> None:
    assert bi.execute("select run_id, as_of::varchar from meta.build").fetchall() == [
        ("run 1", AS_OF)
    ]
    rows = bi.execute(
        "select row_count, build_checksum is not null from meta.tables "
        "where table_name in ('marts.fct_touches', 'ops.rejects') order by 1 desc"
    ).fetchall()
    assert rows == [(3, True), (1, False)]
    assert done.path == settings().published
    assert done.rows["marts.fct_touches"] == 3
    assert set(done.rows) == set(contract())


def test_old_drivers_can_read_the_file(bi: duckdb.DuckDBPyConnection) -> None:
    row = bi.execute(
        "select tags['storage_version'] from duckdb_databases() where path is not null"
    ).fetchone()
    assert row is not None
    assert row[0].startswith("v1.0.0")


def test_a_reader_keeps_its_snapshot_and_the_next_one_sees_the_new(
    home: Path, build: Callable[[], None]
) -> None:
    build()
    publish("run 1", AS_OF)
    path = str(settings().published)
    before = settings().published.read_bytes()
    with duckdb.connect(path, read_only=True) as reader, Path(path).open("rb") as opened:
        assert reader.execute("select run_id from meta.build").fetchone() == ("run 1",)
        with connect("test") as con:
            con.execute("insert into marts.dim_people (person_id) values ('p_3')")
        publish("run 2", AS_OF)
        assert reader.execute("select count(*) from marts.dim_people").fetchone() == (2,)
        assert opened.read() == before
    with duckdb.connect(path, read_only=True) as con:
        assert con.execute("select run_id from meta.build").fetchone() == ("run 2",)
        assert con.execute("select count(*) from marts.dim_people").fetchone() == (3,)


def test_what_is_missing_is_named_and_the_old_file_stays(
    home: Path, build: Callable[[], None]
) -> None:
    build()
    publish("run 1", AS_OF)
    before = settings().published.read_bytes()
    # Tables are copied in order, so each change is met before those already made.
    for change, named in (
        ("drop table marts.fct_conversions", r"fct_conversions .*published\.yml"),
        ("alter table marts.fct_touches drop column is_consented", r"fct_touches .*is_consented"),
        ("alter table marts.dim_accounts drop column domain", r"dim_accounts .*domain"),
    ):
        with connect("test") as con:
            con.execute(change)
        with pytest.raises(PublishError, match=r"expected marts\." + named):
            publish("run 9", AS_OF)
        assert settings().published.read_bytes() == before


def test_leftovers_of_a_killed_publish_do_no_harm(
    done: Published, home: Path, build: Callable[[], None]
) -> None:
    build()
    settings().published.parent.mkdir()
    part = settings().published.with_suffix(".part")
    part.write_bytes(b"half a file")
    part.with_name(part.name + ".wal").write_bytes(b"half a log")
    assert publish("run 1", AS_OF).rows == done.rows
    assert [f.name for f in settings().published.parent.iterdir()] == ["onefold.duckdb"]


def test_a_home_with_a_quote_in_its_name_publishes(
    done: Published, home: Path, build: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEFOLD_HOME", str(home / "the team's home"))
    build()
    assert publish("run 1", AS_OF).rows == done.rows


def test_the_contract_names_rows_and_withheld_columns_of_tables_it_knows() -> None:
    from yaml import safe_load

    declared = safe_load(CONTRACT.read_text())
    assert set(declared["rows"]) <= set(declared["tables"])
    assert contract()["marts.fct_touches"].rows == "is_consented"
    assert contract()["marts.dim_people"].rows == "true"
    for table, columns in declared["withheld"].items():
        public = contract()[table].columns if table in contract() else {}
        assert not set(columns) & set(public), json.dumps([table, columns])
