"""What records are compared on: the mapped columns in one plain form. SQL only."""

import csv

import duckdb
import pyarrow as pa

from warehouse.settings import settings

FIELDS = (
    "full_name",
    "first_name",
    "last_name",
    "birth_date",
    "birth_year",
    "birth_month",
    "birth_day",
    "gender",
    "street",
    "city",
    "region",
    "postcode",
    "country",
    "email",
    "phone",
    "company",
    "occupation",
    "national_id",
)
"""What a record may say of a person, each as text or null."""

# Words that stand for nothing, after cleaning.
_EMPTY = "('', '-', 'null', 'none', 'nan', 'na', 'n/a', 'unknown')"


def prepare(con: duckdb.DuckDBPyConnection, records: pa.Table) -> list[str]:
    """Make temp table `compared` of `record_index` and the features; return the features in use.

    `records`: column `record_index` and any of FIELDS as text. A feature that is empty in every
    record is not in use. Text is lower case, without accents and with single blanks; a date is its
    digits, year first; ids and phones are letters and digits.
    """
    given = [field for field in FIELDS if field in records.column_names]
    con.register("in_records", records)
    con.register("in_nicknames", _nicknames())
    con.execute(_cleaned(given))
    con.execute(_FEATURES)
    con.unregister("in_records")
    con.unregister("in_nicknames")
    counts = con.execute("select count(columns(* exclude record_index)) from compared")
    names = [column[0] for column in counts.description or []]
    row = counts.fetchall()[0]
    return [name for name, count in zip(names, row, strict=True) if count]


def _cleaned(given: list[str]) -> str:
    plain = "trim(regexp_replace(lower(strip_accents({0})), '[\\s_]+', ' ', 'g'))"
    columns = [
        f"if({plain.format(field)} in {_EMPTY}, null, {plain.format(field)}) as {field}"
        if field in given
        else f"null::varchar as {field}"
        for field in FIELDS
    ]
    return (
        f"create or replace temp table cleaned as select record_index, {', '.join(columns)} "
        "from in_records"
    )


# The order of day and month in dates with the year last is the one that more of the file's dates
# allow; day first when none speaks against either.
_FEATURES = r"""
create or replace temp table compared as
with

named as (

    select
        *,
        regexp_extract(full_name, '^([^,]+),', 1) as before_comma,
        if(
            contains(full_name, ','),
            trim(regexp_extract(full_name, ',(.+)$', 1)) || ' ' || before_comma,
            full_name
        ) as name_in_order,
        string_split(regexp_replace(birth_date, '[ t]\d?\d:.*$', ''), '/') as slashed,
        regexp_extract_all(regexp_replace(birth_date, '[ t]\d?\d:.*$', ''), '\d+') as date_parts
    from cleaned

),

day_order as (

    select
        count(*) filter (where try_cast(date_parts[2] as integer) > 12)
        > count(*) filter (where try_cast(date_parts[1] as integer) > 12) as is_month_first
    from named
    where len(date_parts) = 3 and len(date_parts[3]) = 4

),

dated as (

    select
        named.*,
        case
            when len(date_parts) = 3 and len(date_parts[1]) = 4
                then date_parts[1] || lpad(date_parts[2], 2, '0') || lpad(date_parts[3], 2, '0')
            when len(date_parts) = 3 and len(date_parts[3]) = 4 and is_month_first
                then date_parts[3] || lpad(date_parts[1], 2, '0') || lpad(date_parts[2], 2, '0')
            when len(date_parts) = 3 and len(date_parts[3]) = 4
                then date_parts[3] || lpad(date_parts[2], 2, '0') || lpad(date_parts[1], 2, '0')
            when len(date_parts) > 0 then array_to_string(date_parts, '')
            else
                regexp_extract(birth_year, '\d{4}')
                || coalesce(
                    lpad(regexp_extract(birth_month, '\d+'), 2, '0')
                    || coalesce(lpad(regexp_extract(birth_day, '\d+'), 2, '0'), ''),
                    ''
                )
        end as birth
    from named
    cross join day_order

),

split as (

    select
        *,
        coalesce(first_name, regexp_extract(name_in_order, '^(\S+) ', 1)) as given,
        coalesce(last_name, regexp_extract(name_in_order, '(\S+)$', 1)) as family
    from dated

),

features as (

    select
        record_index,
        nullif(given, '') as first_name,
        nullif(family, '') as last_name,
        nullif(coalesce(in_nicknames.given_name, given), '') as root_name,
        nullif(birth, '') as birth,
        left(gender, 1) as gender,
        nullif(regexp_replace(street, '[^a-z0-9 ]', '', 'g'), '') as street,
        city,
        region,
        nullif(regexp_replace(postcode, '[^a-z0-9]', '', 'g'), '') as postcode,
        country,
        email,
        nullif(regexp_extract(email, '^[^@]+'), '') as mailbox,
        nullif(ltrim(regexp_replace(phone, '\D', '', 'g'), '0'), '') as phone,
        company,
        occupation,
        nullif(regexp_replace(national_id, '[^a-z0-9]', '', 'g'), '') as national_id
    from split
    left join in_nicknames on split.given = in_nicknames.nickname

)

select * from features order by record_index
"""


def _nicknames() -> pa.Table:
    path = settings().rules / "identity_nicknames.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        rows = {row["nickname"]: row["given_name"] for row in csv.DictReader(handle)}
    return pa.table({"nickname": list(rows), "given_name": list(rows.values())})
