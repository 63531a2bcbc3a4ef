{#- Two CTEs for laws over the reports by channel and by campaign. `reported`: the sums of some
    columns per report, model and month. `models`: the models that each report is held to; the rule
    models are in both, and so is whatever other model a report has. -#}
{% macro reported_by_month(columns) -%}
reported as (
    {% for report in ["channel_attribution", "campaign_attribution"] -%}
        select
            '{{ report }}' as report,
            model,
            period,
            {% for column in columns -%}
            sum({{ column }}) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
        from {{ ref(report) }}
        group by all
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

models as (
    select
        reports.report,
        attribution_models.model
    from {{ ref('attribution_models') }} as attribution_models
    cross join (values ('channel_attribution'), ('campaign_attribution')) as reports (report)
    union
    select
        report,
        model
    from reported
)
{%- endmacro %}
