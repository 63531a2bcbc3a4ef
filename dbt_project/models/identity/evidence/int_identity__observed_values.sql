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
        rule,
        observed_at,
        _file,
        _line,
        _load_id
    from found_values
    where id_value != ''
    qualify
        row_number() over (
            partition by source, record_type, record_id, id_type, id_value
            order by observed_at, _load_id, _line, rule
        ) = 1

)

select * from observed_values
