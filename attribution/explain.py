"""Why a conversion's credit went where it went: its touches, who counted, and each model's shares.

Everything is read from the marts that credited it. Touches without consent are given without id,
time, channel or person, as the marts show them.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import duckdb

from attribution.errors import ConversionNotFound
from warehouse.connection import fetch_rows

Row = dict[str, Any]

WITHHELD = "(consent withheld)"
SUGGESTED = 5
MILESTONES = {
    "first": None,
    "last": None,
    "last_non_direct": None,
    "lead_creation": "lead_created_at",
    "opportunity_creation": "opportunity_created_at",
    "won": "won_at",
}
"""What a touch may hold, and the moment of it in int_attribution__milestones where it has one."""

_DETAILS = (
    "touched_at", "touch_type", "channel", "channel_rule", "campaign_id", "campaign", "person_id",
    "source",
)  # fmt: skip
_STANDING = ("touch_id", "touched_at", "channel", "person_id", "status", "duplicate_of")

_BUILT = """
select 1 from information_schema.tables
where table_schema = 'marts' and table_name = 'conversion_touches'
"""

_NEAREST = """
select conversion_id from marts.fct_conversions
where conversion_type = $kind
    or not exists (from marts.fct_conversions where conversion_type = $kind)
order by
    contains(conversion_id, $record) desc,
    jaro_winkler_similarity(conversion_id, $asked) desc,
    conversion_id
limit $limit
"""

# A refund is credited as the sale that it refunds, so the window and the group are the sale's.
_CONVERSION = """
select
    conversions.conversion_id, conversions.conversion_type,
    conversions.converted_at, conversions.dated_by,
    conversions.person_id, conversions.account_id,
    conversions.revenue_local, conversions.currency, conversions.revenue_usd,
    conversions.pipeline_local, conversions.pipeline_usd,
    nullif(conversions.credit_conversion_id, conversions.conversion_id) as refund_of,
    credited.converted_at - to_seconds(types.lookback_seconds) as window_from,
    credited.converted_at as window_to,
    types.lookback_seconds as window_seconds,
    types.max_touches,
    types.credited_by,
    (
        select coalesce(max(cut_count), 0) from marts.conversion_touches as touches
        where touches.conversion_id = conversions.conversion_id
    ) as cut_count
from marts.fct_conversions as conversions
inner join marts.fct_conversions as credited
    on conversions.credit_conversion_id = credited.conversion_id
inner join rules.conversion_types as types on credited.conversion_type = types.conversion_type
where conversions.conversion_id = $asked
"""

_GROUP = """
select
    people.person_id, people.person_id is not distinct from $main as is_main,
    people.role, people.role_weight
from marts.int_attribution__people as people
where people.conversion_id = $credited
order by is_main desc, people.person_id
"""

_MOMENTS = "from marts.int_attribution__milestones where conversion_id = $credited"

# A campaign that only a URL ever named is shown where the name follows the conventions.
_REACH = """
with campaigns as (
    select
        campaign_id as known_id,
        case
            when campaign_source <> 'utm' or is_conventional then canonical_name
            else '(unconventional name)'
        end as campaign,
        case when campaign_source <> 'utm' or is_conventional then campaign_id end as campaign_id
    from marts.dim_campaigns
)
select
    touches.touch_id, touches.touched_at, touches.touch_type, touches.channel,
    touches.channel_rule, campaigns.campaign_id, campaigns.campaign, touches.person_id,
    touches.source, consents.is_consented, journeys.touch_number,
    case when originals.is_consented then touches.duplicate_of end as duplicate_of,
    case
        when journeys.touch_id is not null then 'eligible'
        when touches.duplicate_of is not null then 'duplicate'
        when touches.touched_at > $window_to then 'after_conversion'
        when touches.touched_at < $window_from then 'before_window'
        else 'cut'
    end as status,
    {held}
from marts.int_attribution__people as people
inner join marts.int_touches__channels as touches on people.person_id = touches.person_id
inner join marts.int_touches__consents as consents on touches.touch_id = consents.touch_id
left join marts.int_touches__consents as originals on touches.duplicate_of = originals.touch_id
left join (
    from marts.int_attribution__eligible_touches where conversion_id = $credited
) as journeys on touches.touch_id = journeys.touch_id
left join (
    from marts.conversion_touches where conversion_id = $credited
) as credits
    on credits.touch_id = case
        when journeys.is_consented then journeys.touch_id
        when not journeys.is_consented then '(consent withheld)'
    end
left join marts.fct_touches as facts on touches.touch_id = facts.touch_id
left join campaigns on facts.campaign_id = campaigns.known_id
where people.conversion_id = $credited
order by touches.touched_at, touches.source_priority, touches.touch_id
""".format(
    held=", ".join(f"coalesce(credits.is_{name}, false) as is_{name}" for name in MILESTONES)
)

_CREDITS = """
from marts.conversion_touches where conversion_id = $asked order by touch_number, touch_id
"""


def explain(con: duckdb.DuckDBPyConnection, asked: str) -> Row:
    """The conversion `asked`, how its journey came about, and each model's credit.

    Gives {"conversion", "group", "milestones", "journey", "eligibility", "credits", "totals"}:
    `group` who belongs to it, with a role only where credit is by role; `journey` holds the touches
    that share the credit, in order; `eligibility` every touch of the group with its status;
    `credits` one row a touch with weight and amounts by model, in the conversion's currency and in
    US dollars; `totals` their sums. Times are UTC; money is Decimal.
    Raises ConversionNotFound, which names ids of the same kind.
    """
    asked = asked.strip()
    if not con.execute(_BUILT).fetchone():
        raise ConversionNotFound("expected attributed conversions, found none; run `onefold run`")
    found = _rows(con, _CONVERSION, asked=asked)
    if not found:
        raise ConversionNotFound(_try_instead(con, asked))
    conversion = found[0]
    credited = conversion["refund_of"] or conversion["conversion_id"]
    reach = _rows(
        con,
        _REACH,
        credited=credited,
        window_from=conversion["window_from"],
        window_to=conversion["window_to"],
    )
    moments = _rows(con, _MOMENTS, credited=credited)
    credits = _credits(_rows(con, _CREDITS, asked=conversion["conversion_id"]))
    return {
        "conversion": conversion,
        "group": _rows(con, _GROUP, credited=credited, main=conversion["person_id"]),
        "milestones": milestones(reach, moments[0] if moments else {}),
        "journey": journey(reach),
        "eligibility": eligibility(reach, conversion),
        "credits": credits,
        "totals": totals(credits, conversion),
    }


def milestones(reach: Iterable[Row], moments: Row) -> list[Row]:
    """Who holds what: {"milestone", "at", "touch_id"}, for each milestone that was passed.

    `touch_id` is None where no touch was made at or before the moment. What earns credit for its
    place in the order (first, last) has no moment of its own.
    """
    touches = list(reach)
    rows = []
    for name, column in MILESTONES.items():
        holders = [touch for touch in touches if touch[f"is_{name}"]]
        at = moments.get(column) if column else None
        if holders or at:
            holder = _shown_id(holders[0]) if holders else None
            rows.append({"milestone": name, "at": at, "touch_id": holder})
    return rows


def journey(reach: Iterable[Row]) -> list[Row]:
    """The touches that share the credit, in order; one without consent has its place alone."""
    rows = []
    eligible = (touch for touch in reach if touch["status"] == "eligible")
    for touch in sorted(eligible, key=lambda touch: touch["touch_number"]):
        held = [name for name in MILESTONES if touch[f"is_{name}"]]
        details = {**{name: touch[name] for name in _DETAILS}, "milestones": held}
        rows.append({
            "touch_number": touch["touch_number"],
            "touch_id": _shown_id(touch),
            **(details if touch["is_consented"] else dict.fromkeys(details)),
        })  # fmt: skip
    return rows


def eligibility(reach: Iterable[Row], conversion: Row) -> list[Row]:
    """Whether each touch of the group counts, and why not.

    `touches` is how many a row stands for: those without consent stand at the end, by reason.
    """
    rows, withheld = [], Counter[str]()
    for touch in reach:
        if not touch["is_consented"]:
            withheld[touch["status"]] += 1
            continue
        original = touch["duplicate_of"] or f"a touch {WITHHELD}"
        reason = _reason(touch["status"], conversion, original)
        rows.append({**{name: touch[name] for name in _STANDING}, "touches": 1, "reason": reason})
    for status, count in sorted(withheld.items()):
        label = {**dict.fromkeys(_STANDING), "touch_id": WITHHELD, "status": status}
        reason = _reason(status, conversion, "another touch")
        rows.append({**label, "touches": count, "reason": reason})
    return rows


def totals(credits: Iterable[Row], conversion: Row) -> list[Row]:
    """The sums of each model, and whether they are 1 and the conversion's value to the cent."""
    rows = []
    by_model: dict[str, list[Row]] = {}
    for touch in credits:
        for model, credit in touch["models"].items():
            by_model.setdefault(model, []).append(credit)
    for model, held in by_model.items():
        sums = {
            money: None if any(credit[money] is None for credit in held)
            else sum(credit[money] for credit in held)
            for money in ("revenue_local", "revenue_usd")
        }  # fmt: skip
        weight = sum(credit["weight"] for credit in held)
        ties = abs(weight - 1) < 1e-9 and all(sums[money] == conversion[money] for money in sums)
        rows.append({"model": model, "weight": weight, **sums, "ties": ties})
    return rows


def _credits(stored: list[Row]) -> list[Row]:
    suffix = "_weight"
    models = [
        name.removesuffix(suffix)
        for name in (stored[0] if stored else {})
        if name.endswith(suffix) and f"{name.removesuffix(suffix)}_revenue_usd" in stored[0]
    ]
    return [
        {
            "touch_id": row["touch_id"],
            "channel": row["channel"],
            "models": {
                model: {
                    part: row[f"{model}_{part}"]
                    for part in ("weight", "revenue_local", "revenue_usd")
                }
                for model in models
            },
        }
        for row in stored
    ]


def _reason(status: str, conversion: Row, original: str) -> str:
    window, most = days(conversion["window_seconds"]), conversion["max_touches"]
    reasons = {
        "eligible": "eligible",
        "after_conversion": f"after the {'sale' if conversion['refund_of'] else 'conversion'}",
        "before_window": f"before the window of {window} days",
        "cut": f"cut by max_touches: of more than {most:,} the first and the newest stay",
        "duplicate": f"a duplicate of {original}",
    }
    return reasons[status]


def days(seconds: int) -> str:
    """Seconds as days: whole where they are."""
    return f"{seconds / 86_400:,.6g}"


def _shown_id(touch: Row) -> str:
    return str(touch["touch_id"]) if touch["is_consented"] else WITHHELD


def _try_instead(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    kind, _, record = asked.partition(":")
    near = _rows(con, _NEAREST, kind=kind, record=record or asked, asked=asked, limit=SUGGESTED)
    if not near:
        return "expected a conversion, found none in marts.fct_conversions; run `onefold run`"
    ids = ", ".join(row["conversion_id"] for row in near)
    return (
        "no conversion has that id; give a conversion_id of marts.fct_conversions, "
        f"TYPE:RECORD, such as {ids}"
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, **parameters: Any) -> list[Row]:
    return fetch_rows(con, sql, parameters)
