{#-
A table, replaced by one statement in one transaction: readers of the file see the old or the new one,
and a killed build leaves nothing half renamed behind. dbt-duckdb's own, made for every database it
can attach, creates, renames twice and drops. Hooks, grants and contracts are not used here.
-#}
{% materialization table, adapter="duckdb" %}

{%- set target = this.incorporate(type="table") -%}
{{ drop_unless(target) }}
{% call statement("main") -%}
create or replace table {{ target }} as (
{{ compiled_code }}
)
{%- endcall %}
{{ adapter.commit() }}
{{ return({"relations": [target]}) }}

{% endmaterialization %}


{% materialization view, adapter="duckdb" %}

{%- set target = this.incorporate(type="view") -%}
{{ drop_unless(target) }}
{% call statement("main") -%}
create or replace view {{ target }} as (
{{ compiled_code }}
)
{%- endcall %}
{{ adapter.commit() }}
{{ return({"relations": [target]}) }}

{% endmaterialization %}


{#- Make way where the name is taken by something else, a view where a table will be. -#}
{% macro drop_unless(target) %}
{%- set existing = load_cached_relation(target) -%}
{%- if existing is not none and existing.type != target.type -%}
{{ drop_relation_if_exists(existing) }}
{%- endif -%}
{% endmacro %}
