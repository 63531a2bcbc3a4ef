with

rule_values as (

    select * from {{ ref('int_web__rule_values') }}

),

page_values as (

    select
        web_event_id,
        occurred_at,
        unnest(['user_agent', 'host', 'path', 'referrer_host', 'traffic_type']) as field,
        unnest([user_agent, page_host, page_path, referrer_host, traffic_type]) as field_value
    from {{ ref('int_web__pages') }}

),

hits as (

    select
        page_values.web_event_id,
        arg_min(rule_values.rule, (rule_values.priority, rule_values.rule)) as left_out_by,
        arg_min(rule_values.reason, (rule_values.priority, rule_values.rule)) as left_out_reason
    from page_values
    inner join rule_values
        on
            page_values.field = rule_values.field
            and page_values.field_value = rule_values.field_value
            and page_values.occurred_at >= rule_values.valid_from
            and page_values.occurred_at < rule_values.valid_until
    group by page_values.web_event_id

)

select * from hits
