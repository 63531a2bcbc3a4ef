"""Stripe: the four lists of the Dashboard, made of the deals that were won."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from simulator.calendar import DAY, rng
from simulator.rates import Rates
from simulator.world import World
from simulator.writers import csv_header, csv_line, table, write_lines

Columns = Sequence[tuple[str, str]]

_SECOND, _MINUTE = (f"strftime({{}}, '%Y-%m-%d %H:%M{end}')" for end in (":%S", ""))
_MONEY = "printf('%.2f', {}::double)"

CUSTOMER: Columns = (
    ("id", "customer"), ("Email", "email"), ("Name", "bare(name)"),
    ("Created (UTC)", _SECOND.format("opened")), ("Delinquent", "'false'"),
)  # fmt: skip
SUBSCRIPTION: Columns = (
    ("id", "subscription"), ("Customer ID", "customer"), ("Plan", "plan"), ("Quantity", "1"),
    ("Interval", "every"), ("Currency", "currency"), ("Amount", _MONEY.format("net")),
    ("Status", "case when ended is null then 'active' else 'canceled' end"),
    ("Created (UTC)", _MINUTE.format("opened")), ("Start (UTC)", _MINUTE.format("opened")),
    ("Current Period Start (UTC)", _MINUTE.format("last_started")),
    ("Current Period End (UTC)", _MINUTE.format("last_started + to_months(step)")),
    ("Trial Start (UTC)", "''"), ("Trial End (UTC)", "''"),
    ("Canceled At (UTC)", _MINUTE.format("ended")), ("Ended At (UTC)", _MINUTE.format("ended")),
    ("Cancellation Reason", "case when ended is not null then 'cancellation_requested' end"),
)  # fmt: skip
INVOICE: Columns = (
    ("id", "invoice"), ("Amount Due", _MONEY.format("total")),
    ("Amount Paid", _MONEY.format("if(is_paid, total, 0)")),
    ("Charge", "if(is_paid, charge, '')"), ("Currency", "currency"), ("Customer", "customer"),
    ("Date (UTC)", _MINUTE.format("billed")),
    ("Due Date (UTC)", _MINUTE.format("billed + interval 30 day")),
    ("Number", "'QM-' || lpad(number::varchar, 6, '0')"), ("Subscription", "subscription"),
    ("Subtotal", _MONEY.format("net")), ("Tax", _MONEY.format("tax")),
    ("Total", _MONEY.format("total")), ("Status", "if(is_paid, 'paid', 'open')"),
    ("Finalized At (UTC)", _MINUTE.format("billed")),
    ("Paid At (UTC)", _MINUTE.format("case when is_paid then paid end")),
    ("Minimum Line Item Period Start (UTC)", _MINUTE.format("billed")),
    ("Maximum Line Item Period End (UTC)", _MINUTE.format("billed + to_months(step)")),
)  # fmt: skip
PAYMENT: Columns = (
    ("id", "charge"), ("Created date (UTC)", _SECOND.format("paid")),
    ("Amount", _MONEY.format("total")), ("Amount Refunded", _MONEY.format("returned")),
    ("Currency", "currency"), ("Refunded date (UTC)", _SECOND.format("refunded")),
    ("Status", "case when returned = total then 'Refunded' when returned > 0 then 'Partial Refund'"
     " else 'Paid' end"),
    ("Customer ID", "customer"), ("Invoice ID", "invoice"),
)  # fmt: skip


def load_billing(con: duckdb.DuckDBPyConnection, world: World, rates: Rates, seed: int) -> None:
    """Tables `billed_deals`, `subscriptions` and `invoices`; a subscription for each deal won.

    There is a draw for every deal of the story, those of other worlds too: what is billed for one
    deal does not depend on which others there are.
    """
    gen, j = rng(seed, "billing"), world.journeys
    count = len(j.story.deals)
    happens = j.outcome.happens
    monthly = gen.random(count) < rates.monthly_plan
    months, years = (gen.geometric(p, count) for p in (rates.month_churn, rates.year_churn))
    to_pay = gen.integers(3, 41, count) * DAY + gen.integers(0, DAY, count)
    deals = j.deals
    alone = deals.committee == 1
    # Who got money back had paid for the year, and soon: all of it was there to be given back.
    back = deals.refund_at > 0
    monthly = monthly[happens] & alone & ~back
    to_pay = np.where(back, to_pay[happens] % (12 * DAY), to_pay[happens])
    table(con, "billed_deals", {
        "s": np.flatnonzero(happens), "account": deals.account, "buyer": deals.buyer,
        "won": deals.won, "closed": deals.closed, "amount": deals.amount,
        "country": deals.currency_country, "refund_at": deals.refund_at,
        "refund_share": deals.refund_share, "alone": alone, "monthly": monthly,
        "periods": np.where(monthly, months[happens], years[happens]),
        "to_pay": np.where(alone, 60_000, to_pay),
    })  # fmt: skip
    con.execute(_SUBSCRIPTIONS)
    con.execute(_INVOICES)


_SUBSCRIPTIONS = """
create or replace table subscriptions as
with won as (
    select d.*, lower(c.currency) as currency, [0.00, 0.20, 0.19, 0.20][d.country + 1] as tax_rate,
        'sub_' || substr(hex_of('subscription', d.s), 1, 24) as subscription,
        'cus_' || substr(
            case when d.account < 0 then hex_of('billed person', d.buyer)
                else hex_of('billed account', d.account) end, 1, 14
        ) as customer,
        coalesce(a.name, p.first_name || ' ' || p.last_name) as name,
        coalesce(p.work, p.personal) as email,
        date_trunc('minute', make_timestamp(d.closed * 1000)) as opened,
        make_timestamp(getvariable('window_end') * 1000) as until,
        if(d.monthly, 1, 12) as step, if(d.monthly, 'month', 'year') as every,
        if(d.alone, 'starter', 'platform') || '_' || if(d.monthly, 'month', 'year') as plan,
        case when d.refund_at > 0 then make_timestamp(d.refund_at * 1000) end as refunded,
        round(if(d.monthly, d.amount / 12, d.amount), 2)::decimal(18, 2) as net
    from billed_deals as d
    inner join countries as c on d.country = c.n
    inner join people as p on d.buyer = p.i
    left join accounts as a on d.account = a.i
    where d.won
)
select *,
    case
        when refund_share = 1 and refunded is not null then refunded
        when opened + to_months(step * periods) < until then opened + to_months(step * periods)
    end as ended,
    round(net * tax_rate, 2)::decimal(18, 2) as tax, (net + tax)::decimal(18, 2) as total
from won
"""
# A window has at most 60 months, and so many invoices of a monthly plan.
_INVOICES = """
create or replace table invoices as
select s.*, s.opened + to_months(s.step * k.n) as billed,
    billed + to_milliseconds(s.to_pay) as paid, paid < s.until as is_paid,
    'in_' || substr(hex_of('invoice ' || k.n, s.s), 1, 24) as invoice,
    'ch_' || substr(hex_of('charge ' || k.n, s.s), 1, 24) as charge,
    if(k.n = 0 and s.refunded is not null, round(s.total * s.refund_share::decimal(3, 2), 2), 0)
        as returned,
    row_number() over (order by billed, s.s) as number
from subscriptions as s
cross join (select unnest(range(61)) as n) as k
where billed < s.until and billed < coalesce(s.ended, s.until)
"""
_SOURCES = {
    "customers": "select distinct on (customer) * from subscriptions order by customer, opened, s",
    "subscriptions": "select s.*, (select max(i.billed) from invoices as i where i.s = s.s)"
    " as last_started from subscriptions as s order by s.opened, s.s",
    "invoices": "select * from invoices order by number",
    "unified_payments": "select * replace (case when returned > 0 then refunded end as refunded)"
    " from invoices where is_paid order by paid, number",
}
LISTS: dict[str, Columns] = {
    "customers": CUSTOMER, "subscriptions": SUBSCRIPTION, "invoices": INVOICE,
    "unified_payments": PAYMENT,
}  # fmt: skip


def write_billing(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    """Write the four lists below `folder`; returns rows per file."""
    return {
        f"billing/{name}.csv": write_lines(
            con, folder / f"{name}.csv",
            [f"select {csv_line(columns, quoted=False)} as line from ({_SOURCES[name]})"],
            header=csv_header(columns, quoted=False),
        )
        for name, columns in LISTS.items()
    }  # fmt: skip
