"""Every expectation passes on good rows and fails on the row it exists for."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations import gates
from expectations.checks import Check
from expectations.rules import read_rules
from expectations.suites import marts_checks, plan_checks
from expectations.verdicts import GateVerdict
from warehouse.settings import settings

from .conftest import AS_OF

Change = Callable[..., None]

EMPTY = "delete from {}".format
# Run b was let out, run c is judged.
PASSED = (
    "insert into state.gate_results by name "
    "select *, timestamp '2026-06-01' as as_of, 'e' as expectation_id, 'T.' as title, "
    "'marts.t' as table_name from (values "
    "('run-a', 'marts', 'passed'), ('run-a', 'marts', 'blocked'), "
    "('run-b', 'marts', 'passed'), ('run-b', 'marts', 'warned'), ('run-c', 'plan:x', 'passed')"
    ") as t(run_id, gate, status); "
)
# expectation: (SQL that makes one thing bad, bad rows that then must be found or None)
MARTS: dict[str, tuple[str, int | None]] = {
    "sources_not_stale": (
        "update state.source_freshness set last_event_at = '2026-06-23 11:59:59'",
        1,
    ),
    "sources_not_late": (
        "update state.source_freshness set last_event_at = '2026-06-23 12:00:00'",
        1,
    ),
    "casts_without_failure": ("update quality.cast_failures set failed_count = 1", 2),
    "casts_of_newest_load": (
        "update quality.cast_failures set failed_count = 11 where object = 'opportunities'; "
        "update quality.cast_failures set failed_count = 9 where object = 'leads'",
        1,
    ),
    "people_row_count": (EMPTY("marts.dim_people"), None),
    "people_key_not_null": ("update marts.dim_people set person_id = null", 4),
    "people_key_unique": ("insert into marts.dim_people select * from marts.dim_people limit 1", 2),
    "people_seen_freshness": ("update marts.dim_people set last_seen_at = '2026-05-01'", None),
    "accounts_key_not_null": ("update marts.dim_accounts set account_id = null", 1),
    "accounts_key_unique": ("insert into marts.dim_accounts from marts.dim_accounts", 2),
    "campaigns_key_not_null": (
        "update marts.dim_campaigns set campaign_id = null where campaign_source = 'salesforce'",
        1,
    ),
    "campaigns_key_unique": ("insert into marts.dim_campaigns from marts.dim_campaigns", 10),
    "campaigns_named_by_convention": ("update marts.dim_campaigns set is_conventional = null", 4),
    "touches_row_count": (EMPTY("marts.fct_touches"), None),
    "touches_key_not_null": ("update marts.fct_touches set touch_id = null", 4),
    "touches_key_unique": ("update marts.fct_touches set touch_id = 't_1'", 4),
    "touches_time_not_null": ("update marts.fct_touches set touched_at = null", 4),
    "touches_person_not_null": ("update marts.fct_touches set person_id = null", 4),
    "touches_person_known": (
        "update marts.fct_touches set person_id = 'p_9' where touch_id = 't_1'",
        1,
    ),
    "touches_not_after_as_of": (
        "update marts.fct_touches set touched_at = '2026-06-30 12:00:01' where touch_id = 't_1'",
        1,
    ),
    "touches_freshness": ("update marts.fct_touches set touched_at = null", None),
    "conversions_row_count": (EMPTY("marts.fct_conversions"), None),
    "conversions_key_not_null": ("update marts.fct_conversions set conversion_id = null", 4),
    "conversions_key_unique": ("update marts.fct_conversions set conversion_id = 'v_1'", 4),
    "conversions_time_not_null": ("update marts.fct_conversions set converted_at = null", 4),
    "conversions_type_known": (
        "update marts.fct_conversions set conversion_type = 'won' where conversion_id = 'v_1'",
        1,
    ),
    "conversions_freshness": (
        "update marts.fct_conversions set converted_at = timestamp '2025-01-01'",
        None,
    ),
    "won_revenue_converted": (
        "update marts.fct_conversions set revenue_usd = null where conversion_id = 'v_1'",
        1,
    ),
    "won_revenue_known": (
        "update marts.fct_conversions set revenue_local = null, revenue_usd = null "
        "where conversion_id = 'v_1'",
        1,
    ),
    "won_opportunities_dated": (
        "update staging.stg_salesforce__opportunities set close_date = null "
        "where salesforce_opportunity_id = '006A'",
        1,
    ),
    "won_revenue_reconciles": (
        "update marts.fct_conversions set revenue_local = revenue_local + 0.01 "
        "where conversion_id = 'v_1'; "
        "delete from marts.fct_conversions where conversion_id = 'v_2'; "
        "insert into marts.fct_conversions select * replace ('006X' as salesforce_opportunity_id) "
        "from marts.fct_conversions where conversion_id = 'v_1'",
        3,
    ),
    "attributed_row_count": (EMPTY("marts.fct_attributed_conversions"), None),
    "attributed_revenue_reconciles": (
        "update marts.fct_attributed_conversions set revenue_usd = revenue_usd + 0.01 "
        "where conversion_id = 'v_1' and model = 'linear' and touch_id = 't_1'; "
        "delete from marts.fct_attributed_conversions where conversion_id = 'v_4'",
        3,
    ),
    "attributed_weight_is_one": (
        "update marts.fct_attributed_conversions set weight = 0.51 "
        "where conversion_id = 'v_1' and model = 'linear' and touch_id = 't_1'",
        1,
    ),
    "ad_spend_row_count": (EMPTY("marts.fct_ad_spend"), None),
    "ad_spend_date_not_null": ("update marts.fct_ad_spend set spend_date = null", 4),
    "ad_spend_amount_converted": ("update marts.fct_ad_spend set spend_usd = null", 4),
    "ad_spend_reconciles": (
        "update marts.fct_ad_spend set spend_local = 10.51 where spend_local = 10.5; "
        "delete from marts.fct_ad_spend where spend_local = 20; "
        "update marts.fct_ad_spend set spend_local = 1.49 where spend_local = 1.5",
        3,
    ),
    "utm_source_allowed": (
        "update marts.fct_touches set utm_source = 'Google' where touch_id = 't_1'",
        1,
    ),
    "utm_medium_allowed": (
        "update marts.fct_touches set utm_medium = 'ppc' where touch_id = 't_1'",
        1,
    ),
    "utm_pair_allowed": (
        "update marts.fct_touches set utm_medium = 'email' where touch_id = 't_1'",
        1,
    ),
    "utm_campaign_named_by_convention": (
        "update marts.fct_touches set utm_campaign = 'Search_SMB_Q2-2026' where touch_id = 't_1'",
        1,
    ),
    "utm_campaign_on_paid": (
        "update marts.fct_touches set utm_campaign = null where touch_id = 't_1'",
        1,
    ),
    "utm_macro_resolved": (
        "update marts.fct_touches set utm_term = '{keyword}' where touch_id = 't_1'",
        1,
    ),
    "utm_without_personal_data": (
        "update marts.fct_touches set utm_content = 'x%40y.z' where touch_id = 't_2'",
        1,
    ),
    "utm_click_id_agrees": (
        "update marts.fct_touches set click_id_type = 'fbclid' where touch_id = 't_1'",
        1,
    ),
    "consents_key_not_null": ("update marts.dim_person_consents set purpose = null", 4),
    "consents_key_unique": (
        "insert into marts.dim_person_consents values ('p_1', 'analytics', 'granted')",
        2,
    ),
    "consents_status_known": ("update marts.dim_person_consents set status = 'maybe'", 4),
    "consents_purpose_known": ("update marts.dim_person_consents set purpose = 'fun'", 4),
    "consents_person_known": (
        "insert into marts.dim_person_consents values ('p_9', 'analytics', 'granted')",
        1,
    ),
    "consents_respect_suppression": (
        "update marts.dim_person_consents set status = 'granted' where person_id = 'p_3'",
        1,
    ),
    "consents_respect_every_identifier": (
        "update marts.dim_person_consents set status = 'granted' where purpose = 'analytics'",
        1,
    ),
    "person_records_row_count": (EMPTY("identity.person_records"), None),
    "person_records_key_unique": (
        "insert into identity.person_records values ('hubspot', 'contact', '7', 'p_3')",
        2,
    ),
    "person_records_person_known": ("update identity.person_records set person_id = null", 5),
    "identifiers_key_unique": (
        "insert into identity.identifiers values ('email', 'ann@example.org', 'p_2')",
        2,
    ),
    "edges_within_one_person": (EMPTY("state.refused_merges"), 1),
    "person_size_plausible": (
        "insert into identity.person_records "
        "select 'web_events', 'visitor', 'x' || i, 'p_1' from range(199) as r(i)",
        1,
    ),
    "person_churn_plausible": (
        f"{PASSED} insert into state.former_person_records "
        "select source, record_type, record_id, 'p_0', record_hash, 2, 3 "
        "from state.person_records where record_id = '7'",
        1,
    ),
    "largest_person_plausible": (
        f"{PASSED} update identity.metrics set value = 51 "
        "where run_number = 3 and metric = 'largest'",
        1,
    ),
    "refused_merges_plausible": (
        f"{PASSED} update identity.runs set refused = 102 where run_number = 3",
        1,
    ),
}
PLAN: dict[str, tuple[str, int | None]] = {
    "plan_columns": ("alter table state.plan drop column reason", None),
    "plan_row_count": ("", None),
    "plan_key_not_null": ("update state.plan set record_key = null where person_id = 'p_1'", 1),
    "plan_key_unique": ("insert into state.plan from state.plan where record_key = 'p_1'", 2),
    "plan_key_without_personal_data": (
        "update state.plan set record_key = 'ann@example.org' where person_id = 'p_1'",
        1,
    ),
    "plan_action_known": ("update state.plan set action = 'ad' where person_id = 'p_1'", 1),
    "plan_purpose_known": ("update state.plan set purpose = null where person_id = 'p_1'", 1),
    "plan_payload_not_null": ("update state.plan set payload_hash = null", 2),
    "plan_person_not_null": ("update state.plan set person_id = null where person_id = 'p_1'", 1),
    "plan_person_known": ("update state.plan set person_id = 'p_9' where person_id = 'p_1'", 1),
    "plan_consent_granted": (
        "insert into state.plan values "
        "('news', 'p_3x', 'p_3', 'add', 'allowed', 'h', 'email_marketing'), "
        "('news', 'p_4x', 'p_4', 'add', 'allowed', 'h', 'email_marketing'), "
        "('news', 'p_1x', 'p_1', 'add', 'allowed', 'h', 'analytics')",
        3,
    ),
    "plan_not_suppressed": (
        "insert into staging.stg_suppression__suppressions values "
        "('bob@example.org', 'hard_bounce', null)",
        1,
    ),
}


def _ask(name: str) -> tuple[bool, int | None, str | None]:
    """(met, bad rows, error) of one expectation in the current home."""
    with duckdb.connect(str(settings().warehouse)) as con:
        check = _find(con, name)
        found = gates.engine.run(con, [("g", [check])]).by_expectation[f"g/{name}"]
        gates.state.start(con)
        outcome = gates._outcome(con, "g", check, found)
    return outcome.is_met, outcome.unexpected_rows, outcome.error


def _find(con: duckdb.DuckDBPyConnection, name: str) -> Check:
    if name in PLAN:
        checks = plan_checks(read_rules(con, "plan", AS_OF), "state.plan", "sync = 'news'")
    else:
        checks = marts_checks(read_rules(con, "marts", AS_OF), AS_OF)
    return next(check for check in checks if check.expectation_id == name)


def test_every_rule_row_has_a_case_here(good: Change) -> None:
    with duckdb.connect(str(settings().warehouse)) as con:
        marts, plan = (set(read_rules(con, gate, AS_OF)) for gate in ("marts", "plan"))
    assert len(marts) > 40
    assert (marts, plan) == (set(MARTS), set(PLAN))


def test_good_rows_pass_both_gates(good: Change) -> None:
    verdict = gates.gate_marts("run-1", AS_OF)
    assert verdict.status == "passed", verdict.problems
    plan = gates.gate_plan("run-1", "news", "state.plan", AS_OF)
    assert plan.status == "passed", plan.problems


@pytest.mark.parametrize("name", sorted({**MARTS, **PLAN}.keys() - {"plan_row_count"}))
def test_each_expectation_fails_on_its_own_bad_row(name: str, good: Change) -> None:
    statement, bad = {**MARTS, **PLAN}[name]
    good(statement)
    assert _ask(name) == (False, bad, None)


def test_a_purpose_whose_newest_consent_decides_may_outvote_an_identifier(good: Change) -> None:
    good("update marts.dim_person_consents set status = 'granted' where purpose = 'analytics'")
    good("update rules.consent_purposes set survivorship = 'newest' where purpose = 'analytics'")
    assert _ask("consents_respect_every_identifier") == (True, 0, None)


KEYED = {
    "marts.dim_people": ("person_id", "people_"),
    "marts.fct_touches": ("touch_id", "touches_"),
    "marts.fct_conversions": ("conversion_id", "conversions_"),
}


@pytest.mark.parametrize("table", KEYED)
def test_an_empty_table_and_an_all_null_key_block(table: str, good: Change) -> None:
    column, prefix = KEYED[table]
    good(f"update {table} set {column} = null")
    assert f"{prefix}key_not_null" in _blocked(gates.gate_marts("null", AS_OF))
    good(f"delete from {table}")
    assert f"{prefix}row_count" in _blocked(gates.gate_marts("empty", AS_OF))


def test_an_all_null_plan_blocks(good: Change) -> None:
    good(
        "update state.plan set record_key = null, person_id = null, payload_hash = null, "
        "purpose = null where sync = 'news'"
    )
    blocked = _blocked(gates.gate_plan("null", "news", "state.plan", AS_OF))
    assert {"plan_key_not_null", "plan_payload_not_null", "plan_purpose_known"} <= blocked


def test_an_empty_plan_passes_because_it_sends_nothing(good: Change) -> None:
    good("delete from state.plan")
    assert gates.gate_plan("empty", "news", "state.plan", AS_OF).status == "passed"


def test_a_convention_holds_only_from_its_day(good: Change, home: Path) -> None:
    good("update rules.utm_values set valid_from = '2026-06-29' where value = 'newsletter'")
    assert _ask("utm_source_allowed")[0]
    good("update rules.utm_values set valid_from = '2026-07-01' where value = 'newsletter'")
    assert _ask("utm_source_allowed") == (False, 1, None)
    good("update rules.utm_values set valid_from = '2000-01-01', valid_to = '2026-06-30' "
         "where value = 'newsletter'")  # fmt: skip
    assert _ask("utm_source_allowed") == (False, 1, None)


CASES = ("up to the floor", "up to the limit", "nothing to compare with")
WITHIN = {
    "person_churn_plausible": (
        "",  # 50 of 200 moved: many, but few enough
        f"{MARTS['person_churn_plausible'][0]}; update identity.runs set records = 2550",
        "delete from state.gate_results where run_id = 'run-b'; "
        f"{MARTS['person_churn_plausible'][0].removeprefix(PASSED)}",
    ),
    "largest_person_plausible": (
        "update identity.metrics set value = 3 where run_number = 2",
        "update identity.metrics set value = 2 * value where metric = 'largest'",
        "delete from identity.metrics where run_number = 2; "
        "update identity.metrics set value = 51 where run_number = 3 and metric = 'largest'",
    ),
    "refused_merges_plausible": (
        "",  # 1 became 101
        "update identity.runs set refused = if(run_id = 'run-b', 200, 400)",
        "delete from identity.runs where run_number = 2; "
        "update identity.runs set refused = 102 where run_number = 3",
    ),
}


@pytest.mark.parametrize("name", WITHIN)
@pytest.mark.parametrize("case", CASES)
def test_a_change_within_budget_passes(name: str, case: str, good: Change) -> None:
    good(PASSED)
    good(WITHIN[name][CASES.index(case)])
    assert _ask(name) == (True, 0, None)


def test_two_components_that_one_value_links_are_found_though_a_limit_refused(good: Change) -> None:
    assert _ask("edges_within_one_person")[0]
    good("update state.person_records set component = 9 where record_id = '8'")
    assert _ask("edges_within_one_person") == (False, 1, None)


def test_messages_about_people_name_none(good: Change) -> None:
    names = ("person_churn_plausible", "largest_person_plausible", "refused_merges_plausible")
    for name in (*names, "person_size_plausible", "edges_within_one_person"):
        good(MARTS[name][0])
    verdict = gates.gate_marts("run-x", AS_OF)
    said = {r.expectation_id: r.message for r in verdict.results if r.status == "blocked"}
    assert said.keys() >= {*names, "person_size_plausible", "edges_within_one_person"}
    assert said["person_churn_plausible"] == (
        "At most 2% of the known records changed person since the marts last passed; 50 always "
        "may. Got 0.255 share_of_records (limit 0.02)."
    )
    assert not any(word in str(said) for word in ("p_", "@", "+49", "00Q", "anon-"))


@pytest.mark.parametrize(
    ("name", "is_conventional"),
    [
        ("Launch_Midmarket_Q4-2025_Spring-Release2", True),
        ("launch_Midmarket_Q4-2025_Spring", False),
        ("Launch_Midmarket_Q5-2025_Spring", False),
        ("Launch_Midmarket_Q4-2025_Spring Release", False),
        ("Midmarket_Launch_Q4-2025_Spring", False),
        ("Launch_Midmarket_Q4-2025_Spring_Extra", False),
        ("Launch_Midmarket_Q4-2025_", False),
    ],
)
def test_campaign_names(name: str, is_conventional: bool, good: Change) -> None:
    good(f"update marts.fct_touches set utm_campaign = '{name}' where touch_id = 't_1'")
    assert _ask("utm_campaign_named_by_convention")[0] is is_conventional


def _blocked(verdict: GateVerdict) -> set[str]:
    assert verdict.is_blocked
    return {r.expectation_id for r in verdict.results if r.status == "blocked"}
