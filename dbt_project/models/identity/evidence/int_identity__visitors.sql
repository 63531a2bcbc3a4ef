with

pages as (

    select * from {{ ref('int_web__counted_pages') }}

),

identifies as (

    select * from {{ ref('stg_web_events__identifies') }}

),

sightings as (

    select
        anonymous_id,
        web_event_id,
        occurred_at,
        _file,
        _line,
        _load_id
    from pages
    union all
    select
        anonymous_id,
        web_event_id,
        occurred_at,
        _file,
        _line,
        _load_id
    from identifies

),

visitors as (

    select
        anonymous_id,
        min(occurred_at) as observed_at,
        max(occurred_at) as last_observed_at,
        arg_min(_file, (_load_id, _line, web_event_id)) as _file,
        arg_min(_line, (_load_id, _line, web_event_id)) as _line,
        min(_load_id) as _load_id
    from sightings
    where anonymous_id is not null
    group by all

)

select * from visitors
