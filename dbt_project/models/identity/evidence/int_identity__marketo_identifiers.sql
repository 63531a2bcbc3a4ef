with

leads as (

    select * from {{ ref('stg_marketo__leads') }}

),

lead_merges as (

    select * from {{ ref('stg_marketo__lead_merges') }}

),

lead_values as (

    select
        marketo_lead_id as record_id,
        unnest([
            'marketo_lead_id',
            'salesforce_lead_id',
            'salesforce_contact_id',
            'email',
            'phone',
            'phone',
        ]) as id_type,
        unnest([
            marketo_lead_id,
            salesforce_lead_id,
            salesforce_contact_id,
            email,
            phone,
            mobile_phone,
        ]) as id_value,
        unnest([
            'own id',
            'synchronised lead',
            'synchronised contact',
            'lead e-mail',
            'lead phone',
            'lead mobile phone',
        ]) as rule,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from leads

),

-- Said at both ends, so that a chain holds where the lead in its middle was never exported.
merged_values as (

    select
        unnest([surviving_lead_id, merged_lead_id]) as record_id,
        'marketo_lead_id' as id_type,
        unnest([merged_lead_id, surviving_lead_id]) as id_value,
        unnest(['merged lead', 'merged into lead']) as rule,
        merged_at as observed_at,
        _file,
        _line,
        _load_id
    from lead_merges

),

unioned as (

    select * from lead_values
    union all
    select * from merged_values

),

marketo_values as (

    select
        *,
        'marketo' as source,
        'lead' as record_type
    from unioned

)

select * from marketo_values
