{{ config(materialized="table") }}
-- depends_on: {{ ref("stg_marketo__activities") }}

with

-- One select for each raw table and one struct for each column that a staging model casts: they are
-- found in the staging models themselves, so that none can be left out here.
counted as (

    {% for check in (cast_checks() if execute and graph else []) -%}
        select
            '{{ check.read.source_name or "staging" }}' as source,
            '{{ check.read.name }}' as object,
            _load_id as load_id,
            any_value(_file) as file,
            unnest([
                {%- for column, failures in check.columns.items() %}
                    {%- set filled = holds_text(check.read, column) %}
                    {%- set failed = filled ~ " and (" ~ failures | join(" or ") ~ ")" %}
                    {
                        'column_name': '{{ column }}',
                        'row_count': count(*) filter (where {{ filled }}),
                        'failed_count': count(*) filter (where {{ failed }}),
                        'example_line': min(_line) filter (where {{ failed }})
                    }{{ "," if not loop.last }}
                {%- endfor %}
            ], recursive := true)
        from {{ check.read.relation_name }}
        group by _load_id
        {{ "union all" if not loop.last }}
    {% else -%}
        select
            null as source,
            null as object,  -- noqa: RF04
            null as load_id,
            null as file,  -- noqa: RF04
            null as column_name,
            0 as row_count,
            0 as failed_count,
            null as example_line
    {% endfor %}

),

loads as (

    select * from {{ source('state', 'load_order') }}

),

marked as (

    select
        counted.*,
        coalesce(
            loads.place = max(loads.place) over (partition by counted.source, counted.object),
            false
        ) as is_newest_load
    from counted
    left join loads on counted.load_id = loads.load_id
    where counted.row_count > 0

)

select * from marked
