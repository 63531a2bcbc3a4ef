with

found_values as (

    select * from {{ ref('int_identity__lead_identifiers') }}
    union all by name
    select * from {{ ref('int_identity__contact_identifiers') }}
    union all by name
    select * from {{ ref('int_identity__hubspot_contact_identifiers') }}
    union all by name
    select * from {{ ref('int_identity__form_identifiers') }}
    union all by name
    select * from {{ ref('int_identity__web_identifiers') }}

),

records as (

    select * from {{ ref('int_identity__records') }}

),

refused_values as (

    select * from {{ ref('int_identity__refused_values') }}

),

-- A record that gives one value twice gives it once, as it first did.
observed as (

    select
        source,
        record_type,
        record_id,
        id_type,
        id_value,
        arg_min(rule, (observed_at, _load_id, _line, rule)) as rule,
        min(observed_at) as observed_at,
        arg_min(_file, (observed_at, _load_id, _line, rule)) as _file,
        arg_min(_line, (observed_at, _load_id, _line, rule)) as _line,
        arg_min(_load_id, (observed_at, _load_id, _line, rule)) as _load_id
    from found_values
    where id_value != ''
    group by all

),

marked as (

    select
        observed.*,
        records.record_index,
        records.record_hash,
        refused_values.reason,
        coalesce(refused_values.is_blocked, false) as is_blocked,
        coalesce(refused_values.is_role_mailbox, false) as is_role_mailbox
    from observed
    inner join records
        on
            observed.source = records.source
            and observed.record_type = records.record_type
            and observed.record_id = records.record_id
    left join refused_values
        on
            observed.id_type = refused_values.id_type
            and observed.id_value = refused_values.id_value

)

select * from marked
