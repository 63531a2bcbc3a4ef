"""Evidence at size: records of people who hold several identifiers, as the dbt models leave it."""

import duckdb

LINKS_PER_RECORD = 2
RECORDS_PER_PERSON = 5

_SETUP = """
create schema if not exists identity;
create schema if not exists rules;
create schema if not exists state;
create or replace table identity.int_identity__hosts (host_name varchar);
create or replace table identity.int_identity__records (
    source varchar, record_type varchar, record_id varchar, observed_at timestamp,
    _file varchar, _line bigint, _load_id varchar, record_hash ubigint, record_index integer);
create or replace table identity.int_identity__links (
    record_index integer, record_hash ubigint, id_type varchar, id_value varchar,
    is_shared boolean, rule varchar, rule_version integer, priority integer,
    confidence decimal(4, 2), observed_at timestamp, _file varchar, _line bigint, _load_id varchar,
    scope varchar, value_hash ubigint, is_linking boolean, link_hash ubigint);
"""

# One record in 2,000 carries an identifier of somebody else, which limits must keep out.
_ADD = """
insert into identity.int_identity__records
select
    'crm', 'contact', 'r' || lpad(number::varchar, 10, '0'), timestamp '2026-01-01',
    'contacts.csv', number, getvariable('load_id'),
    hash('crm', 'contact', 'r' || lpad(number::varchar, 10, '0')), number
from range(getvariable('first'), getvariable('first') + getvariable('records')) numbers (number);
insert into identity.int_identity__links
with

numbered as (
    select
        number, which,
        hash(number || 'person') % getvariable('people')
        + if(which = 1 and hash(number || 'stray') % 2000 = 0, 1, 0) as person,
        hash(number || 'kind') % 10 as kind
    from range(getvariable('first'), getvariable('first') + getvariable('records'))
        numbers (number),
        unnest([0, 1]) as sides (which)
),

typed as (
    select
        *,
        case
            when which = 1 then if(kind < 6, 'email', 'phone')
            when kind < 3 then 'user_id'
            when kind < 8 then 'anonymous_id'
            else 'email'
        end as id_type
    from numbered
),

valued as (
    select
        *,
        md5(concat_ws('|', id_type, person, hash(number || id_type) %
            case id_type when 'user_id' then 1 when 'anonymous_id' then 3 else 2 end)) as id_value
    from typed
)

select
    number, hash('crm', 'contact', 'r' || lpad(number::varchar, 10, '0')) as record_hash,
    id_type, id_value, false, 'contact field', rule_version, priority, confidence,
    timestamp '2026-01-01', 'contacts.csv', number, getvariable('load_id'), '',
    hash(id_type, id_value, '') as value_hash, true,
    hash(record_hash, value_hash, 'contact field', rule_version, true, timestamp '2026-01-01')
from valued inner join rules.identity_id_types using (id_type);
"""


def create(con: duckdb.DuckDBPyConnection, rules_csv: str) -> None:
    """Empty evidence tables, and the deployment's own rules."""
    con.execute(_SETUP)
    con.execute(f"create or replace table rules.identity_id_types as from read_csv('{rules_csv}')")


def add(
    con: duckdb.DuckDBPyConnection, *, load: int, first: int, records: int, people: int
) -> None:
    """Records `first` … of a load, each with two identifiers of one of the first `people`."""
    values = {"load_id": f"{load:08d}", "first": first, "records": records, "people": people}
    for name, value in values.items():
        con.execute(f"set variable {name} = ?", [value])
    con.execute(_ADD)
