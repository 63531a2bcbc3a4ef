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
    select * from {{ ref('int_identity__marketo_identifiers') }}
    union all by name
    select * from {{ ref('int_identity__web_identifiers') }}

),

-- A record that gives one value twice gives it once, as it first did.
observed_values as (

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

)

select * from observed_values
