"""UTM conventions: the rules in seeds/rules/utm_*.csv, each as it stood when the touch happened.

Touches hold canonical values (synonyms already mapped, the raw value kept upstream), so what fails
here has no rule that repairs it.
"""

from datetime import datetime

from expectations.checks import BATCH, Check, rows, table
from expectations.rules import Rules

TOUCHES = table("marts.fct_touches")

_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


def checks(rules: Rules, as_of: datetime) -> list[Check]:
    """Allowed values and pairs, campaign names, unresolved macros, personal data, click ids."""
    return [
        _allowed("utm_source"),
        _allowed("utm_medium"),
        _lookup(
            "utm_pair_allowed",
            "Every source comes with a medium it may come with.",
            "utm_pairs",
            "rule.utm_source = batch.utm_source and rule.utm_medium = batch.utm_medium",
            "batch.utm_source is not null and batch.utm_medium is not null",
        ),
        rows(
            "utm_campaign_named_by_convention",
            TOUCHES,
            "Every utm_campaign reads <Program>_<Segment>_<Qn-YYYY>_<Name>.",
            _CAMPAIGN,
        ),
        rows(
            "utm_campaign_on_paid",
            TOUCHES,
            "Every touch from paid media names its campaign.",
            f"select touch_id as row_key from {BATCH} where utm_campaign is null and utm_medium in "
            "(select value from rules.utm_values where field = 'utm_medium' and is_paid)",
        ),
        rows(
            "utm_macro_resolved",
            TOUCHES,
            "No UTM value holds a placeholder that the ad platform should have filled.",
            _any_field("'[{{}}]|%7b|%7d'"),
        ),
        rows(
            "utm_without_personal_data",
            TOUCHES,
            "No UTM value holds an e-mail address.",
            _any_field("'@|%40'"),
        ),
        _lookup(
            "utm_click_id_agrees",
            "Every click id comes with a source of its own network.",
            "utm_click_ids",
            "rule.click_id_type = batch.click_id_type and rule.utm_source = batch.utm_source",
            "batch.utm_source is not null and batch.click_id_type is not null",
        ),
    ]


def _allowed(field: str) -> Check:
    return _lookup(
        f"{field}_allowed",
        f"Every {field} is an allowed value.",
        "utm_values",
        f"rule.field = '{field}' and rule.value = batch.{field}",
        f"batch.{field} is not null",
    )


def _lookup(expectation_id: str, title: str, rule_table: str, match: str, where: str) -> Check:
    """Rows that `where` picks and that no rule in force at the touch's day matches are bad."""
    return rows(
        expectation_id,
        TOUCHES,
        title,
        f"""
select batch.touch_id as row_key
from (select * from {BATCH}) as batch
where {where}
and not exists (
    select 1 from rules.{rule_table} as rule
    where {match}
    and rule.valid_from <= batch.touched_at
    and coalesce(rule.valid_to > batch.touched_at, true)
)
""",
    )


def _any_field(pattern: str) -> str:
    values = ", ".join(_FIELDS)
    return (
        f"select touch_id as row_key from {BATCH} "
        f"where regexp_matches(concat_ws(' ', {values}), {pattern}, 'i')"
    )


_CAMPAIGN = f"""
with named as (
    select touch_id, utm_campaign, cast(touched_at as date) as touched_on
    from {BATCH}
    where utm_campaign is not null
),
parts as (
    select
        utm_campaign,
        touched_on,
        len(string_split(utm_campaign, '_')) as part_count,
        unnest(string_split(utm_campaign, '_')) as part,
        generate_subscripts(string_split(utm_campaign, '_'), 1) as position
    from (select distinct utm_campaign, touched_on from named) as days
),
conventional as (
    select parts.utm_campaign, parts.touched_on
    from parts
    inner join rules.utm_taxonomy as rule
        on parts.position = rule.position
        and rule.valid_from <= parts.touched_on
        and coalesce(rule.valid_to > parts.touched_on, true)
        and case
            when rule.kind = 'pattern' then regexp_full_match(parts.part, rule.value)
            else parts.part = rule.value
        end
    where parts.part_count = (select max(position) from rules.utm_taxonomy)
    group by all
    having count(distinct parts.position) = (select max(position) from rules.utm_taxonomy)
)
select named.touch_id as row_key
from named
anti join conventional
    on named.utm_campaign = conventional.utm_campaign
    and named.touched_on is not distinct from conventional.touched_on
"""
