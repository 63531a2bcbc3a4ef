{#- The first value of a query parameter, decoded (`+` and %xx), case kept, empty as null. A value
    that does not decode, such as the unresolved macro %%CAMPAIGN%%, is kept as it is. -#}
{% macro query_value(url, name) -%}
    {%- set value -%}
        regexp_extract({{ url }}, '^[^?#]*[?](?:[^#]*?&)??{{ name }}=([^&#]*)', 1)
    {%- endset -%}
    nullif(trim(coalesce(try(url_decode(replace({{ value }}, '+', ' '))), {{ value }})), '')
{%- endmacro %}

{#- The host of an absolute URL in lower case, without user and port. -#}
{% macro url_host(url) -%}
    nullif(lower(regexp_extract(
        {{ url }}, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)', 1
    )), '')
{%- endmacro %}

{#- The path of a URL without query and fragment, as written; the root is `/`. -#}
{% macro path_without_query(url) -%}
    regexp_replace(regexp_extract(
        {{ url }}, '^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)', 1
    ), '^$', '/')
{%- endmacro %}
