"""A small good warehouse, written inline: every expectation of both gates passes on it."""

import gc
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from expectations.state import ensure_state
from warehouse.settings import settings

AS_OF = datetime(2026, 6, 30, 12, 0, 0)
CANARY = "canary.person@secret-mailbox.example"

# Columns as the rooms publish them; only those that a gate reads.
TABLES = """
create schema marts; create schema identity; create schema staging; create schema state;
create schema quality;
create table quality.cast_failures as select * from (values
    ('salesforce', 'opportunities', 'Amount', 100, 0, true),
    ('salesforce', 'opportunities', 'Amount', 100, 0, false),
    ('salesforce', 'leads', 'CreatedDate', 9, 0, true)
) as t(source, object, column_name, row_count, failed_count, is_newest_load);

create table marts.dim_people as select * from (values
    ('p_1', 'ann@example.org', timestamp '2026-06-29 10:00:00'),
    ('p_2', 'bob@example.org', timestamp '2026-06-30 09:00:00'),
    ('p_3', 'cleo@example.org', timestamp '2026-06-20 09:00:00'),
    ('p_4', null, timestamp '2026-06-20 09:00:00')
) as t(person_id, email, last_seen_at);
create schema segments;
create table segments.int_permissions__addresses as
select person_id, email, unnest(['email_marketing', 'advertising', 'analytics']) as purpose
from marts.dim_people where email is not null;
create table marts.dim_accounts as select 'a_1' as account_id;
create table marts.dim_campaigns as select * from (values
    ('salesforce:1', 'salesforce', true), ('google_ads:2', 'google_ads', true),
    ('google_ads:3', 'google_ads', true), ('google_ads:4', 'google_ads', false),
    ('utm:canary.person@secret-mailbox.example', 'utm', false)
) as t(campaign_id, campaign_source, is_conventional);

create table marts.fct_touches as select * from (values
    ('t_1', 'p_1', timestamp '2026-06-29 10:00:00', 'google', 'cpc',
        'Search_SMB_Q2-2026_Always-On', 'text1', 'crm', 'gclid'),
    ('t_2', 'p_2', timestamp '2026-06-30 09:00:00', 'newsletter', 'email',
        'Nurture_AllSegments_Q2-2026_Welcome', null, null, null),
    ('t_3', 'p_2', timestamp '2026-06-28 09:00:00', null, null, null, null, null, null),
    ('t_4', 'p_3', timestamp '2026-06-20 09:00:00', null, null, null, null, null, 'fbclid')
) as t(touch_id, person_id, touched_at, utm_source, utm_medium, utm_campaign, utm_content,
    utm_term, click_id_type);

create table staging.stg_salesforce__opportunities as select * from (values
    ('006A', true, false, null, date '2026-06-01', 1000.10::decimal(18, 2)),
    ('006B', true, false, null, date '2026-06-02', 250.00::decimal(18, 2)),
    ('006C', true, false, 'Refund', date '2026-06-20', -250.00::decimal(18, 2)),
    ('006D', false, false, null, date '2026-07-20', 99.00::decimal(18, 2))
) as t(salesforce_opportunity_id, is_won, is_deleted, opportunity_type, close_date, amount_local);
create table marts.fct_conversions as select * from (values
    ('v_1', 'closed_won', '006A', timestamp '2026-06-01', 1000.10::decimal(18, 2), 1000.10),
    ('v_2', 'closed_won', '006B', timestamp '2026-06-02', 250.00::decimal(18, 2), 270.00),
    ('v_3', 'refund', '006C', timestamp '2026-06-20', -250.00::decimal(18, 2), -270.00),
    ('v_4', 'lead_created', null, timestamp '2026-06-21', 0.00::decimal(18, 2), 0.00)
) as t(conversion_id, conversion_type, salesforce_opportunity_id, converted_at, revenue_local,
    revenue_usd);
create table marts.fct_attributed_conversions as
select conversion_id, model, touch_id, 0.5::double as weight,
    (revenue_usd / 2)::decimal(18, 2) as revenue_usd
from marts.fct_conversions
cross join (values ('linear'), ('u_shaped')) as m(model)
cross join (values ('t_1'), ('t_2')) as t(touch_id);
create table marts.int_spend__days as select * from (values
    ('google_ads', date '2026-06-01', date '2026-06-01', 10.50::decimal(18, 2), null),
    ('google_ads', date '2026-06-02', date '2026-06-02', 20.00::decimal(18, 2), null),
    ('google_ads', date '2026-06-02', date '2026-06-02', 20.01::decimal(18, 2),
     'the API has the day'),
    ('meta_ads', date '2026-06-01', date '2026-06-02', 3.01::decimal(18, 2), null)
) as t(source, spend_date, last_date, cost_local, left_out);
create table marts.fct_ad_spend as
select spend_date, source, 'g_1' as campaign_id, 'EUR' as currency,
    cost_local as spend_local, cost_local * 1.1 as spend_usd
from marts.int_spend__days where left_out is null and last_date = spend_date
union all values (date '2026-06-01', 'meta_ads', 'm_1', 'EUR', 1.51, 1.66),
    (date '2026-06-02', 'meta_ads', 'm_1', 'EUR', 1.50, 1.65);

create table identity.identifiers as select * from (values
    ('email', 'ann@example.org', 'p_1'), ('email', 'bob@example.org', 'p_2'),
    ('email', 'cleo@example.org', 'p_3'), ('anonymous_id', 'anon-1', 'p_1')
) as t(id_type, id_value, person_id);
create table state.person_records as select *, hash(record_id) as record_hash from (values
    ('salesforce', 'lead', '00Q1', 'p_1', 1), ('web_events', 'visitor', 'anon-1', 'p_1', 1),
    ('hubspot', 'contact', '7', 'p_2', 2), ('hubspot', 'contact', '8', 'p_3', 2),
    ('web_events', 'visitor', 'anon-2', 'p_4', 3)
) as t(source, record_type, record_id, person_id, component);
insert into state.person_records
select 'hubspot', 'contact', 'c' || i, 'p_4', 3, hash('c' || i) from range(195) as r(i);
create table state.former_person_records as
select source, record_type, record_id, 'p_0' as person_id, record_hash,
    1 as since_run, 3 as until_run
from state.person_records where starts_with(record_id, 'c') limit 50;
create table identity.person_records as
select source, record_type, record_id, person_id from state.person_records
where not starts_with(record_id, 'c');
create table identity.edges as select * from (values
    ('salesforce', 'lead', '00Q1', 'email', 'ann@example.org', '', true, true),
    ('web_events', 'visitor', 'anon-1', 'email', 'ann@example.org', '', true, true),
    ('hubspot', 'contact', '7', 'email', 'bob@example.org', '', true, true),
    ('hubspot', 'contact', '7', 'phone', '+4989000', '', true, true),
    ('hubspot', 'contact', '8', 'phone', '+4989000', '', true, true),
    ('salesforce', 'lead', '00Q1', 'phone', '+4989111', '', false, true),
    ('hubspot', 'contact', '8', 'phone', '+4989111', '', false, true)
) as t(source, record_type, record_id, id_type, id_value, scope, is_linking, is_current);
create table state.refused_merges as
select 'phone' as id_type, '+4989000' as id_value, '' as scope;
create table identity.runs as select * from (values
    (1, 'run-a', 150, 1), (2, 'run-b', 200, 1), (3, 'run-c', 200, 101)
) as t(run_number, run_id, records, refused);
create table identity.metrics as select * from (values
    (1, 'largest', 3), (2, 'largest', 25), (3, 'largest', 50), (3, 'singles', 900)
) as t(run_number, metric, value);
create table staging.stg_suppression__suppressions as select * from (values
    ('cleo@example.org', 'unsubscribe', timestamp '2026-05-01')
) as t(email, suppression_type, occurred_at);
create table staging.stg_hubspot__subscription_changes as select * from (values
    ('ann@example.org', 'granted', timestamp '2026-04-01'),
    ('cleo@example.org', 'granted', timestamp '2026-04-01')
) as t(email, decision, changed_at);
create table marts.int_consent__decisions as select * from (values
    ('email', 'ann@example.org', 'p_1', 'email_marketing', 'granted', timestamp '2026-04-01'),
    ('email', 'cleo@example.org', 'p_3', 'email_marketing', 'granted', timestamp '2026-04-01'),
    ('email', 'cleo@example.org', 'p_3', 'email_marketing', 'withdrawn', timestamp '2026-05-01'),
    ('anonymous_id', 'anon-1', 'p_1', 'analytics', 'denied', timestamp '2026-04-01')
) as t(id_type, id_value, person_id, purpose, decision, decided_at);
create table marts.dim_person_consents as select * from (values
    ('p_1', 'email_marketing', 'granted'), ('p_1', 'analytics', 'denied'),
    ('p_2', 'email_marketing', 'granted'), ('p_3', 'email_marketing', 'withdrawn')
) as t(person_id, purpose, status);

create table state.source_freshness as select * from (values
    ('billing', 0, null, 7.0, 35.0),
    ('hubspot', 2, timestamp '2026-06-28 12:00:00', 2.0, 7.0)
) as t(source, files, last_event_at, warn_after_days, error_after_days);
create table state.plan as select * from (values
    ('news', 'p_1', 'p_1', 'add', 'allowed', 'h1', 'email_marketing'),
    ('news', 'p_2', 'p_2', 'change', 'allowed', 'h2', 'email_marketing'),
    ('news', 'p_3', 'p_3', 'remove', 'consent_withdrawn', null, 'email_marketing'),
    ('news', 'p_4', 'p_4', 'skip', 'consent_absent', null, 'email_marketing'),
    ('other', 'p_4', 'p_4', 'skip', 'consent_absent', null, 'advertising')
) as t(sync, record_key, person_id, action, reason, payload_hash, purpose);
"""


def load_rules(con: duckdb.DuckDBPyConnection) -> None:
    """The committed rule rows of this room, as dbt seeds them."""
    con.execute("create schema if not exists rules")
    seeds = yaml.safe_load((settings().rules / "_expectations__seeds.yml").read_text())["seeds"]
    for seed in seeds:
        types = seed["config"]["column_types"]
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
        path = settings().rules / f"{seed['name']}.csv"
        con.execute(
            f"create table rules.{seed['name']} as "
            f"select * from read_csv('{path}', header = true, columns = {{{columns}}})"
        )
    con.execute(
        "create table rules.conversion_types as select unnest("
        "['lead_created', 'mql', 'opportunity_created', 'closed_won', 'refund']) "
        "as conversion_type"
    )


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """Great Expectations leaves cycles whose finalisers run Python; CPython 3.11 dies if that
    happens while pytest parses the next module, so they are collected here."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good warehouse, built once; tests work on copies."""
    path = tmp_path_factory.mktemp("good") / "good.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(TABLES)
        ensure_state(con)
        load_rules(con)
    return path


@pytest.fixture
def good(home: Path, good_file: Path) -> Callable[..., None]:
    """Fills the current home with the good warehouse; call again with SQL to make it bad."""
    shutil.copy(good_file, home / "warehouse.duckdb")

    def change(*statements: str) -> None:
        with duckdb.connect(str(home / "warehouse.duckdb")) as con:
            for statement in statements:
                con.execute(statement)

    return change
