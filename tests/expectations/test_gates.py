"""What the gates decide, write and show."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from expectations import commands, gates
from expectations.errors import ExpectationsError
from expectations.verdicts import GateVerdict
from warehouse.settings import settings

from .conftest import AS_OF, CANARY

Change = Callable[..., None]

NO_CONSENT = (
    "insert into state.plan select 'news', 'q_' || i, 'p_1', 'add', 'allowed', 'h', "
    "'email_marketing' from range(98) as r(i)",
    "insert into state.plan values ('news', 'x_3', 'p_3', 'add', 'allowed', 'h', "
    "'email_marketing')",
)


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings().warehouse)) as con:
        return con.execute(sql).fetchall()


def _status(verdict: GateVerdict, expectation_id: str) -> str:
    return next(r.status for r in verdict.results if r.expectation_id == expectation_id)


def test_rows_without_consent_are_taken_out_of_the_plan(good: Change) -> None:
    good(*NO_CONSENT)
    verdict = gates.gate_plan("r1", "news", "state.plan", AS_OF)
    assert verdict.status == "quarantined"
    assert {(q.record_key, q.expectation_id) for q in verdict.quarantined} == {
        ("x_3", "plan_consent_granted"),
        ("x_3", "plan_not_suppressed"),
    }
    assert {str(q.rule_version) for q in verdict.quarantined} == {"2000-01-01"}
    assert _rows(
        "select row_key, level, rule_version::varchar, status from state.violations "
        "where gate = 'plan:news' and expectation_id = 'plan_consent_granted'"
    ) == [("x_3", "quarantine", "2000-01-01", "open")]


def test_a_row_of_a_plan_cannot_be_released(good: Change) -> None:
    good(*NO_CONSENT)
    gates.gate_plan("r1", "news", "state.plan", AS_OF)
    good("update state.violations set status = 'released'")
    again = gates.gate_plan("r2", "news", "state.plan", AS_OF)
    assert {q.record_key for q in again.quarantined} == {"x_3"}
    assert _rows("select distinct status from state.violations") == [("open",)]


def test_too_many_rows_without_consent_block_the_plan(good: Change) -> None:
    good("update state.plan set person_id = 'p_4' where record_key = 'p_1'")
    verdict = gates.gate_plan("r1", "news", "state.plan", AS_OF)
    assert verdict.is_blocked
    assert _status(verdict, "plan_consent_granted") == "blocked"
    assert verdict.quarantined == ()


def test_pending_is_not_granted(good: Change) -> None:
    good("update marts.dim_person_consents set status = 'pending' where person_id = 'p_2'")
    assert gates.gate_plan("r1", "news", "state.plan", AS_OF).is_blocked


def test_several_plans_are_judged_apart(good: Change) -> None:
    good("update state.plan set purpose = 'fun' where sync = 'news'")
    verdicts = gates.gate_plans("r1", ["other", "news"], AS_OF, "state.plan")
    assert [(name, v.status) for name, v in verdicts.items()] == [
        ("other", "passed"),
        ("news", "blocked"),
    ]
    assert gates.gate_plans("r1", [], AS_OF) == {}


def test_the_plan_of_this_run_is_judged(good: Change) -> None:
    """Stored plans of earlier runs stay in the table; each run asks about its own."""
    good(
        "create table state.sync_plans as select *, 'plan-2' as plan_id from state.plan",
        "insert into state.sync_plans select * replace ('plan-1' as plan_id, 'p_4' as person_id) "
        "from state.sync_plans",
        "create table state.sync_runs as select * from (values ('r1', 'news', 'plan-1'), "
        "('r2', 'news', 'plan-2')) as t(run_id, sync, plan_id)",
    )
    assert gates.gate_plans("r1", ["news"], AS_OF)["news"].is_blocked
    assert gates.gate_plans("r2", ["news"], AS_OF)["news"].status == "passed"
    missing = gates.gate_plans("r3", ["news"], AS_OF)["news"]
    assert missing.is_blocked and "found none" in missing.problems[0]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("drop table marts.fct_touches", "could not run"),
        ("alter table marts.dim_people drop column person_id", "could not run"),
        ("drop table rules.gate_rules", "rules.gate_rules"),
        ("delete from rules.gate_rules where expectation_id = 'touches_row_count'", "add one"),
        ("delete from rules.gate_rules where expectation_id = 'utm_pair_allowed'", "missing"),
        ("update rules.gate_rules set level = 'shout'", "shout"),
        ("drop table rules.utm_pairs", "could not run"),
    ],
)
def test_a_gate_that_cannot_run_blocks(statement: str, says: str, good: Change) -> None:
    good(statement)
    verdict = gates.gate_marts("r1", AS_OF)
    assert verdict.is_blocked
    assert says in " ".join(verdict.problems)
    assert _rows("select count(*) from state.gate_results where status = 'error'") > [(0,)]


def test_plans_that_cannot_be_found_block(good: Change) -> None:
    assert gates.gate_plan("r1", "news", "state.nowhere", AS_OF).is_blocked
    with pytest.raises(ExpectationsError, match="lower_snake_case"):
        gates.gate_plan("r1", "news", "state.plan; drop table x", AS_OF)


def test_a_rule_row_that_is_over_no_longer_counts(good: Change) -> None:
    good(
        "update rules.gate_rules set valid_to = '2026-06-01' where expectation_id = "
        "'people_row_count'",
        "insert into rules.gate_rules values ('marts', 'people_row_count', 'warn', 'rows', 100, "
        "null, '2026-06-01', null)",
    )
    verdict = gates.gate_marts("r1", AS_OF)
    assert _status(verdict, "people_row_count") == "warned"
    result = next(r for r in verdict.results if r.expectation_id == "people_row_count")
    assert (str(result.rule_version), result.observed) == ("2026-06-01", 4)


def test_replays_change_nothing_and_violations_live(good: Change) -> None:
    good(
        "update marts.fct_touches set utm_term = '{keyword}' where touch_id = 't_1'",
        "update rules.gate_rules set limit_value = 0.5 where expectation_id like 'utm_%'",
    )
    seen = "select expectation_id, row_key, status, first_seen_at, last_seen_at, run_id " \
           "from state.violations where expectation_id like 'utm_%' order by all"  # fmt: skip
    gates.gate_marts("r1", AS_OF)
    first = _rows(seen), _rows("from state.gate_results order by all")
    assert first[0] == [("utm_macro_resolved", "t_1", "open", AS_OF, AS_OF, "r1")]
    gates.gate_marts("r1", AS_OF)
    assert (_rows(seen), _rows("from state.gate_results order by all")) == first

    later = AS_OF.replace(hour=18)
    gates.gate_marts("r2", later)
    assert _rows(seen) == [("utm_macro_resolved", "t_1", "open", AS_OF, later, "r2")]

    good("update marts.fct_touches set utm_term = null")
    gates.gate_marts("r3", later)
    assert _rows(seen) == [("utm_macro_resolved", "t_1", "fixed", AS_OF, later, "r2")]

    good("update marts.fct_touches set utm_term = '{keyword}' where touch_id = 't_1'")
    gates.gate_marts("r4", later)
    assert _rows(seen) == [("utm_macro_resolved", "t_1", "open", AS_OF, later, "r4")]

    good("update state.violations set status = 'released'")
    gates.gate_marts("r5", later)
    assert _rows(seen) == [("utm_macro_resolved", "t_1", "released", AS_OF, later, "r5")]


def test_an_expectation_that_could_not_run_fixes_nothing(good: Change) -> None:
    good("update marts.fct_touches set utm_term = '{keyword}' where touch_id = 't_1'")
    gates.gate_marts("r1", AS_OF)
    good("alter table marts.fct_touches drop column utm_term")
    gates.gate_marts("r2", AS_OF)
    assert _rows(
        "select status from state.violations where expectation_id = 'utm_macro_resolved'"
    ) == [("open",)]


def test_no_personal_data_in_pages_results_or_violations(good: Change, home: Path) -> None:
    """A canary address in every text column that a gate reads turns up in nothing it writes."""
    text_columns = _rows(
        "select table_schema || '.' || table_name, column_name from information_schema.columns "
        "where data_type = 'VARCHAR' and table_schema in ('marts', 'identity', 'staging') "
        "and column_name in ('email', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', "
        "'utm_term', 'id_value', 'currency')"
    )
    assert len(text_columns) > 8
    good(
        *(f"update {table} set {column} = '{CANARY}'" for table, column in text_columns),
        f"update state.plan set record_key = '{CANARY}'",
        "insert into marts.dim_campaigns from marts.dim_campaigns",
        f"insert into marts.dim_people values ('p_9', '{CANARY}', null)",
        "alter table marts.fct_touches alter touched_at type varchar",
        f"update marts.fct_touches set touched_at = '{CANARY}' where touch_id = 't_2'",
    )
    assert gates.gate_marts("r1", AS_OF).is_blocked
    assert gates.gate_plan("r1", "news", "state.plan", AS_OF).is_blocked
    pages = sorted((home / "data_docs").rglob("*.html"))
    assert len(pages) > 10
    written = [path.read_text() for path in pages]
    written += [json.dumps(_rows(f"from {t}"), default=str) for t in (
        "state.gate_results", "state.violations",
    )]  # fmt: skip
    assert len(written[-1]) > 100
    for text in written:
        assert "canary" not in text.lower() and "secret-mailbox" not in text


def test_pages_open_without_a_network(good: Change, home: Path) -> None:
    gates.gate_marts("r1", AS_OF)
    gates.gate_plan("r1", "news", "state.plan", AS_OF)
    front = (home / "data_docs" / "quality.html").read_text()
    assert "Every campaign of a CRM" in front and "plan:news" in front
    links = re.findall(r'href="([^"]+)"', front)
    assert len(links) > 10
    assert all((home / "data_docs" / link).is_file() for link in links)
    for path in (home / "data_docs").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"https?://|src=\"//|<script|<link", text), path
    touches = (home / "data_docs" / links[0]).read_text()
    assert "../../quality.html" in touches
    assert not list((home / "data_docs").rglob("*.tmp"))


def test_the_command_prints_and_exits(good: Change) -> None:
    app = typer.Typer()
    commands.register(app)
    app.command("other")(lambda: None)
    run = CliRunner().invoke
    ok = run(app, ["check", "--as-of", AS_OF.isoformat()])
    assert ok.exit_code == 0 and "people_row_count" in ok.output
    listed = run(app, ["check", "--latest", "--json"])
    assert {line["status"] for line in json.loads(listed.output)} == {"passed"}
    good("delete from marts.fct_touches")
    blocked = run(app, ["check", "--json"])
    assert blocked.exit_code == 1
    statuses = {line["expectation_id"]: line["status"] for line in json.loads(blocked.output)}
    assert statuses["touches_row_count"] == "blocked"
