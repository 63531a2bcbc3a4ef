{#- The macros that read a text as something else, and give null where they cannot. Each takes a raw
    column first. Staging casts through them and in no other way (tests/test_house_rules.py), so that
    every cast is found here and what failed is counted in quality.cast_failures. -#}
{% macro casts() -%}
    {{ return([
        "as_boolean", "as_yes_no", "as_date", "iso_date", "report_date", "us_date",
        "as_number", "as_plain_number", "as_english_number", "as_google_number",
        "utc", "utc_with_offset", "utc_without_offset", "zoned", "zoom_time",
        "portal_utc", "portal_date", "epoch_ms_utc", "epoch_us_utc", "epoch_ms_or_utc",
        "as_json", "json_value", "json_boolean", "json_items", "item_utc", "item_epoch_ms",
        "item_numbers", "marketo_utc", "marketo_attributes",
    ]) }}
{%- endmacro %}

{#- Every cast of every staging model, found in the models: a list of {source, object, relation,
    columns}, where `relation` is the raw table that is read and `columns` has for each column SQL
    that is true where it holds a text and SQL that is true where a cast of it fails: its result is
    null, or what a macro `<cast>_fails` says instead. -#}
{% macro cast_checks() -%}
    {%- set text -%} (?:"[^"]*"|'[^']*'|[^"'()]|\([^()]*\))* {%- endset -%}
    {%- set pattern = "\\b(" ~ casts() | join("|") ~ ")\\(\\s*(" ~ text | trim ~ ")\\)" -%}
    {%- set found = {} -%}
    {%- for node in graph.nodes.values() if is_staging(node) -%}
        {%- set read = read_by(node) -%}
        {%- set columns = found.setdefault(read.unique_id, {"read": read, "columns": {}}).columns -%}
        {%- for name, arguments in modules.re.findall(pattern, node.raw_code) -%}
            {%- set column = modules.re.findall('^"([^"]+)"', arguments) | first -%}
            {%- set call = '"' ~ column ~ '"' if name == "json_value" else arguments -%}
            {%- if name ~ "_fails" in context -%}
                {%- set fails = render("{{ " ~ name ~ "_fails(" ~ call ~ ") }}") -%}
            {%- else -%}
                {%- set fails = render("{{ " ~ name ~ "(" ~ call ~ ") }}") ~ " is null" -%}
            {%- endif -%}
            {%- set failures = columns.setdefault(column, []) -%}
            {%- if fails not in failures -%}{%- do failures.append(fails) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found.values() | selectattr("columns") | list) }}
{%- endmacro %}

{% macro is_staging(node) -%}
    {{ return(node.resource_type == "model" and node.fqn[1] == "staging") }}
{%- endmacro %}

{#- The raw table that a staging model reads; where it reads none, the model that it reads. -#}
{% macro read_by(node) -%}
    {%- set raw = [] -%}
    {%- for id in node.depends_on.nodes if id in graph.sources -%}
        {%- set source = graph.sources[id] -%}
        {%- if source.source_name != "state" -%}{%- do raw.append(source) -%}{%- endif -%}
    {%- endfor -%}
    {%- set models = node.depends_on.nodes | select("in", graph.nodes) | list -%}
    {{ return(raw[0] if raw else graph.nodes[models[0]]) }}
{%- endmacro %}

{#- SQL that is true where a raw column holds a text: not blank, nor what the vendor writes so. -#}
{% macro holds_text(read, column) -%}
    {%- set nulls = read.config.get("meta", {}).get("dialect", {}).get("nulls", []) -%}
    {{ text(column) }} is not null
    {%- for written in nulls if written %} and {{ text(column) }} != '{{ written }}'{% endfor -%}
{%- endmacro %}
