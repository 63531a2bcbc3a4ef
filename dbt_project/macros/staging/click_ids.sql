{#- The click ids that ad networks append to a landing page, and the URL parameter each stands in.
    Where a URL has several the first of this list counts; fbclid is last, for Facebook adds it to
    links that are no ads. Which channel each means: channel_rules. -#}
{% macro click_ids() -%}
    {{ return({
        "gclid": "gclid",
        "gbraid": "gbraid",
        "wbraid": "wbraid",
        "dclid": "dclid",
        "msclkid": "msclkid",
        "li_fat_id": "li_fat_id",
        "ttclid": "ttclid",
        "twclid": "twclid",
        "rdt_cid": "rdt_cid",
        "sccid": "ScCid",
        "epik": "epik",
        "fbclid": "fbclid",
    }) }}
{%- endmacro %}
