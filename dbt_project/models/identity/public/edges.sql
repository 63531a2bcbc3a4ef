with

links as (

    select * from {{ ref('int_identity__links') }}

),

edges as (

    select
        ---------- the record's end
        source,
        record_type,
        record_id,

        ---------- the value's end
        id_type,
        id_value,
        scope,

        ---------- why
        rule,
        rule_version,
        confidence,
        is_linking,
        reason,

        ---------- where it was read
        observed_at,
        _file,
        _line,
        _load_id
    from links

)

select * from edges
