{#-
A table, replaced by one statement in one transaction: readers of the file see the old or the new one,
and a killed build leaves nothing half renamed behind. dbt-duckdb's own, made for every database it
can attach, creates, renames twice and drops. A hook before it may set a variable; hooks after it,
grants and contracts are not used here.
-#}
{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
    {%- if model["language"] == "sql" -%}
        {{ return(replace_relation("table")) }}
    {%- endif -%}
    {%- set target = this.incorporate(type="table") -%}
    {%- call statement("main", language="python") -%}
        {{- replace_by_python(target) -}}
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{ return(replace_relation("view")) }}
{% endmaterialization %}

{#- Whatever has the name and is of another kind makes way first. -#}
{% macro replace_relation(kind) %}
    {%- set target = this.incorporate(type=kind) -%}
    {%- set existing = load_cached_relation(target) -%}
    {%- if existing is not none and existing.type != target.type -%}
        {{ drop_relation_if_exists(existing) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement("main") -%}
        create or replace {{ kind }} {{ target }} as (
            {{ compiled_code }}
        )
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmacro %}

{#- dbt-duckdb calls `materialize` with what the model's function returned. -#}
{% macro replace_by_python(target) -%}
    {%- set replace = "create or replace table " ~ target ~ " as from returned" -%}
    {%- set finish = "materialize = lambda returned, con: con.execute('" ~ replace ~ "')" -%}
    {{- compiled_code ~ "\n\n" ~ finish ~ "\n" -}}
{%- endmacro %}
