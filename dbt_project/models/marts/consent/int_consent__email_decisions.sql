with subscription_changes as (

    select * from {{ ref('stg_hubspot__subscription_changes') }}

),

suppressions as (

    select * from {{ ref('stg_suppression__suppressions') }}

),

suppression_rules as (

    select * from {{ ref('consent_suppressions') }}

),

-- A status that nobody knows yet cannot be taken for a permission.
decisions as (

    select
        email as id_value,
        'email_marketing' as purpose,
        coalesce(decision, 'withdrawn') as decision,
        changed_at as decided_at,
        subscription_id as topic,
        'hubspot' as source,  -- noqa: RF04
        hubspot_subscription_change_id as source_record_id
    from subscription_changes

    union all

    select
        suppressions.email as id_value,
        suppression_rules.purpose,
        suppression_rules.decision,
        suppressions.occurred_at as decided_at,
        null as topic,
        'suppression' as source,  -- noqa: RF04
        suppressions._file || ':' || suppressions._line as source_record_id
    from suppressions
    inner join suppression_rules
        on suppressions.suppression_type = suppression_rules.suppression_type
    where suppression_rules.decision is not null

),

typed as (

    select
        *,
        'email' as id_type
    from decisions

)

select * from typed
