"""Attribution on the sample, from export files to credit: what docs/coverage.md promises of it."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pytest

from warehouse.settings import settings

Covered = Callable[[str], None]
Query = Callable[[str], list[tuple[Any, ...]]]
RULE_MODELS = ("first_touch", "full_path", "last_non_direct", "last_touch", "linear", "time_decay",
               "u_shaped", "w_shaped")  # fmt: skip


@pytest.fixture(scope="module")
def query(sample_run: Any) -> Query:
    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as con:
            return con.execute(sql).fetchall()

    return run


def test_each_channels_true_causal_effect_is_known(covered: Covered) -> None:
    """Beside the exports, from the same people and random numbers without the channel."""
    rows = list(csv.DictReader((settings().truth / "channel_incrementality.csv").open()))
    real, without = Counter[str](), Counter[str]()
    for row in rows:
        real[row["channel"]] += int(row["conversions"])
        without[row["channel"]] += int(row["conversions_without"])
    assert len(set(real.values())) == 1
    lost = real["email"] - without["email"]
    covered(f"{real['email']} sales, {lost} of them not without email, {len(real)} channels")


def test_the_same_event_seen_by_two_sources_is_one_touch(query: Query, covered: Covered) -> None:
    ((touches, records, doubles),) = query(
        "select count(*), sum(record_count), count(*) filter (where record_count > 1) "
        "from marts.fct_touches"
    )
    assert query("select count(*) from marts.int_touches__channels") == [(records,)]
    kinds: dict[tuple[str, str], int] = {
        (one, other): count
        for one, other, count in query("""
            select one.touch_type, other.touch_type, count(*)
            from marts.int_touches__channels as other
            inner join marts.fct_touches as one on other.duplicate_of = one.touch_id
            where one.person_id = other.person_id and one.record_count = 2
            group by all
        """)
    }
    clicks = sum(count for (one, _), count in kinds.items() if one == "email_click")
    forms = kinds["form_fill", "campaign_response"]
    assert clicks + forms == doubles == records - touches
    covered(
        f"{records:,} records, {touches:,} touches: {clicks} e-mail clicks with their session, "
        f"{forms} form with its response"
    )


def test_channels_are_the_first_rule_that_matches(query: Query, covered: Covered) -> None:
    rules: dict[str, str] = dict(query("select rule, channel from rules.channel_rules"))
    used = query("select distinct channel_rule, channel from marts.fct_touches")
    assert all(rules[rule] == channel for rule, channel in used)
    covered(f"{len(used)} rules used, {len({channel for _, channel in used})} channels")


def test_touches_without_consent_are_excluded_and_a_row_of_their_own(
    query: Query, covered: Covered
) -> None:
    shown = query(
        "select count(*) from marts.conversion_touches inner join marts.fct_touches "
        "using (touch_id) where not is_consented"
    )
    assert shown == [(0,)]
    ((conversions, weight),) = query(
        "select count(*), sum(linear_weight) from marts.conversion_touches "
        "where channel = '(consent withheld)'"
    )
    covered(f"{conversions} conversions, together {weight:.1f} of them in linear")


def test_eight_rule_models_share_out_every_cent(query: Query, covered: Covered) -> None:
    totals = query(
        "select model, sum(revenue_usd) from marts.fct_attributed_conversions "
        "group by model order by model"
    )
    ((revenue,),) = query("select sum(revenue_usd) from marts.fct_conversions")
    assert totals == [(model, revenue) for model in RULE_MODELS]
    worst = query(
        "select max(abs(total - 1)) from (select sum(weight) as total "
        "from marts.fct_attributed_conversions group by conversion_id, model)"
    )
    assert worst[0][0] < 1e-9
    covered(f"{revenue:,} USD in each of {len(totals)} models")


def test_markov_is_exact_at_orders_1_to_4_with_lost_journeys(
    query: Query, covered: Covered
) -> None:
    """The chain by dictionaries, solved densely: of opportunities, both effects; of sales, one."""
    worst, told = 0.0, []
    for kind in ("opportunity_created", "closed_won"):
        rows = query(
            "select channel_path, converted, lost from marts.int_attribution__channel_paths "
            f"where conversion_type = '{kind}'"
        )
        everyone = sum(converted for _, converted, _ in rows)
        paths = [row for row in rows if row[0]]
        touched = sum(converted for _, converted, _ in paths) / everyone
        for order in (1, 2, 3, 4):
            found = query(
                "select channel, removal_effect, effect from marts.channel_effects "
                f"where conversion_type = '{kind}' and markov_order = {order}"
            )
            lost, skipped = _effects(paths, order)
            assert lost.keys() <= {channel for channel, *_ in found}
            for channel, removed, effect in found:
                worst = max(worst, abs(removed - touched * lost.get(channel, 0)))
                if kind == "opportunity_created":
                    worst = max(worst, abs(effect - touched * skipped[channel]))
        told.append(f"{len(paths)} paths, {sum(count for *_, count in paths):,} lost journeys")
    assert worst < 1e-9
    covered(f"4 orders, {told[0]}, {len(lost)} channels; {told[1]}")


def _effects(
    paths: list[tuple[list[str], int, int]], order: int
) -> tuple[dict[str, float], dict[str, float]]:
    """By channel, with journeys that reach it being lost, and with its touches being skipped."""
    moves: dict[Any, dict[Any, float]] = defaultdict(lambda: defaultdict(float))
    for path, converted, lost in paths:
        walked = [tuple(path[max(0, end - order) : end]) for end in range(len(path) + 1)]
        for source, target in pairwise(walked):
            moves[source][target] += converted + lost
        moves[walked[-1]]["converted"] += converted
        moves[walked[-1]]["lost"] += lost
    place = {state: number for number, state in enumerate(moves)}
    matrix, converts = np.zeros((len(place), len(place))), np.zeros(len(place))
    for source, ends in moves.items():
        for target, count in ends.items():
            chance = count / sum(ends.values())
            if target == "converted":
                converts[place[source]] = chance
            elif target != "lost":
                matrix[place[source], place[target]] = chance

    def reach(removed: str | None, skips: bool = False) -> float:
        kept = [n for state, n in place.items() if not state or state[-1] != removed]
        inner, ends = matrix[np.ix_(kept, kept)], converts[kept]
        if skips:  # the ways that are left, taken in proportion
            left = np.round(1 - matrix[kept].sum(axis=1) + inner.sum(axis=1), 12)[:, None]
            inner = np.divide(inner, left, out=np.zeros_like(inner), where=left > 0)
            ends = np.divide(ends, left[:, 0], out=np.zeros_like(ends), where=left[:, 0] > 0)
        there = ends > 0  # walks that go round for ever, away from here, never convert
        for _ in kept:
            there |= inner @ there > 0
        start = kept.index(place[()])
        if not there[start]:
            return 0.0
        inner, ends = inner[np.ix_(there, there)], ends[there]
        return float(np.linalg.solve(np.eye(len(ends)) - inner, ends)[there[:start].sum()])

    channels = sorted({channel for path, _, _ in paths for channel in path})
    return (
        {channel: 1 - reach(channel) / reach(None) for channel in channels},
        {channel: 1 - reach(channel, skips=True) / reach(None) for channel in channels},
    )


def test_the_order_is_chosen_by_cross_validation_and_all_are_rows(
    query: Query, covered: Covered
) -> None:
    scores = query("select distinct conversion_type, markov_order, order_score, is_chosen "
                   "from marts.channel_effects where model = 'markov'")  # fmt: skip
    best = {kind: max(s for k, _, s, _ in scores if k == kind) for kind, *_ in scores}
    assert all((score == best[kind]) == chosen for kind, _, score, chosen in scores)
    covered(f"{len(scores)} chains of {len(best)} types, {len(best)} chosen")


def test_shapley_learns_from_lost_journeys_and_credits_all_that_converted(
    query: Query, covered: Covered
) -> None:
    shares = query("select conversion_type, sum(share), count(*) from marts.channel_effects "
                   "where model = 'shapley' group by all")  # fmt: skip
    assert all(total == pytest.approx(1) for _, total, _ in shares)
    harmful = query("select count(*) from marts.channel_effects where model = 'shapley' "
                    "and caused_share <= 0 and share > 0")  # fmt: skip
    assert harmful == [(0,)]
    covered(f"{len(shares)} types, {max(count for *_, count in shares)} channels")


def test_every_month_of_every_model_ties_to_its_total(query: Query, covered: Covered) -> None:
    """In US dollars by channel; in the currencies of the deals by the rule models."""
    by_month: dict[Any, Decimal] = dict(
        query("select date_trunc('month', converted_at)::date, sum(revenue_usd) "
              "from marts.fct_conversions group by all")
    )  # fmt: skip
    found = query("select model, period, sum(revenue_usd) from marts.channel_attribution "
                  "group by all")  # fmt: skip
    models = {model for model, _, _ in found}
    assert all(total == by_month.get(period, 0) for _, period, total in found)
    for model in models:
        assert set(by_month) <= {period for name, period, _ in found if name == model}
    local = query("select date_trunc('month', converted_at)::date, currency, sum(revenue_local) "
                  "from marts.fct_conversions group by all")  # fmt: skip
    credited = query("select date_trunc('month', converted_at)::date as month, currency, "
                     "sum(revenue_local), model "
                     "from marts.fct_attributed_conversions group by all")  # fmt: skip
    shared = Counter(row[:3] for row in credited)
    assert shared == {row: len(RULE_MODELS) for row in local}
    currencies = {currency for _, currency, _ in local}
    covered(f"{len(models)} models, {len(by_month)} months, {len(currencies)} currencies")


def test_refunds_take_the_weights_of_their_sale(query: Query, covered: Covered) -> None:
    pairs = query("""
        select refund.touch_id, refund.model, refund.weight, sale.weight
        from marts.fct_attributed_conversions as refund
        inner join marts.fct_conversions as refunds using (conversion_id)
        full join marts.fct_attributed_conversions as sale
            on refunds.credit_conversion_id = sale.conversion_id
            and refund.touch_id = sale.touch_id and refund.model = sale.model
        where refunds.conversion_type = 'refund'
    """)
    assert all(mine == pytest.approx(theirs) for *_, mine, theirs in pairs)
    ((count, total),) = query("select count(*), sum(revenue_usd) from marts.fct_conversions "
                              "where conversion_type = 'refund'")  # fmt: skip
    covered(f"{count} refunds, {total:,} USD")


def test_touches_of_the_whole_buying_group_are_credited(query: Query, covered: Covered) -> None:
    ((sales, people),) = query("""
        select count(*), max(people)
        from (
            select touches.conversion_id, count(distinct touches.person_id) as people
            from marts.conversion_touches as touches
            inner join marts.fct_conversions using (conversion_id)
            where conversion_type = 'closed_won' and not starts_with(touch_id, '(')
            group by touches.conversion_id having people > 1
        )
    """)
    covered(f"{sales} sales credited to several people, up to {people}")


def test_paths_positions_and_time_to_convert(query: Query, covered: Covered) -> None:
    journeys: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for kind, path, count in query("select conversion_type, path, conversions "
                                   "from marts.conversion_paths"):  # fmt: skip
        journeys[kind][tuple(path)] += count
    sold = journeys["closed_won"]
    assert sold.total() == query("select count(*) from marts.fct_conversions "
                                 "where conversion_type = 'closed_won'")[0][0]  # fmt: skip
    positions = Counter[str]()
    for path, count in sold.items():
        for place in range(len(path)):
            alone, ends = len(path) == 1, (0, len(path) - 1)
            positions["only" if alone else "middle" if place not in ends else
                      "last" if place else "first"] += count  # fmt: skip
    found: dict[str, int] = dict(
        query("select position, sum(touches) from marts.position_attribution "
              "where conversion_type = 'closed_won' and position != 'none' group by all")
    )  # fmt: skip
    assert found == positions
    ((timed,),) = query("select sum(conversions) from marts.time_to_convert "
                        "where conversion_type = 'closed_won'")  # fmt: skip
    covered(f"{timed} sales on {len(sold)} paths, {sum(positions.values())} touches")


def test_explain_ties_a_conversion_to_its_credit(
    sample_run: Any, run_onefold: Any, query: Query, covered: Covered
) -> None:
    ((key, value),) = query("select conversion_id, revenue_usd from marts.fct_conversions "
                            "where conversion_type = 'closed_won' "
                            "order by revenue_usd desc, conversion_id limit 1")  # fmt: skip
    result = run_onefold(["attribution", "explain", key, "--json"], sample_run.home)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    credited = defaultdict[str, Decimal](Decimal)
    for row in told["credits"]:
        for model, credit in row["models"].items():
            credited[model] += Decimal(str(credit["revenue_usd"]))
    assert credited == dict.fromkeys(RULE_MODELS, value)
    judged = len(told["eligibility"])
    covered(f"{value:,} USD, {judged} touches judged, {len(credited)} models")


def test_revenue_metrics_are_ratios_of_sums(query: Query, covered: Covered) -> None:
    ((revenue, cost, mer, customers, cac),) = query(
        "select revenue_usd, cost_usd, mer, new_customers, blended_cac_usd "
        "from marts.revenue_months where period = date '2026-06-01'"
    )
    assert mer == pytest.approx(float(revenue / cost))
    assert cac == (cost / customers).quantize(Decimal("0.01"), ROUND_HALF_UP)
    empty = query("select count(*) from marts.channel_attribution where (cost_usd = 0) != "
                  "(roi is null)")  # fmt: skip
    assert empty == [(0,)]
    ((billed, active, lost, at_start, ltv, to_cac, payback, ever),) = query(
        "select sum(billed_usd), sum(active_customers), sum(lost_customers), "
        "sum(customers_at_start), arg_max(ltv_usd, period), arg_max(ltv_to_cac, period), "
        "arg_max(payback_months, period), "
        "(select sum(cost_usd) / sum(new_customers) from marts.revenue_months) "
        "from marts.customer_value_months"
    )
    arpa, churn = float(billed) / active, lost / at_start
    assert float(ltv) == pytest.approx(arpa / churn, abs=0.01)
    assert to_cac == pytest.approx(arpa / churn / ever)
    assert payback == pytest.approx(ever / arpa)
    covered(
        f"June 2026: MER {mer:.2f}, CAC {cac:,} USD of {customers} new customers; "
        f"12 months: LTV {ltv:,} USD, {to_cac:.2f} x CAC, payback {payback:.1f} months"
    )
