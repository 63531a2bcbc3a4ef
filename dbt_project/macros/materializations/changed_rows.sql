{#-
A table of which a Python model gives some keys' rows anew, a warehouse.changed_rows.ChangedRows: all
other rows stay. What is to be given is the model's own affair, so --full-refresh is too.
-#}
{% materialization changed_rows, adapter="duckdb", supported_languages=["python"] %}
    {%- set target = this.incorporate(type="table") -%}
    {%- call statement("main", language="python") -%}
        {{- compiled_code ~ "\n\nfrom warehouse.changed_rows import write\n" -}}
        {{- "materialize = lambda changed, con: write(con, '" ~ target ~ "', changed)\n" -}}
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}
