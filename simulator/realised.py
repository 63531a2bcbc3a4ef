"""The documented rates measured on what was made, by SQL over the tables as they were written."""

import duckdb
import numpy as np

from simulator.calendar import DAY, Bools, Ints
from simulator.people import NONE
from simulator.rates import RATES, Rates
from simulator.world import World


def realised_rates(
    con: duckdb.DuckDBPyConnection, world: World, rates: Rates = RATES
) -> list[tuple[str, float, float]]:
    """(name, documented, realised) of the rates that have a meaning in the finished files."""
    p, s, c = world.people, world.journeys.sessions, world.campaigns
    employed = p.account != NONE
    tagged = s.campaign != NONE
    sharers = p.device_host != NONE
    hosts = np.unique(p.device_host[sharers])
    deals = world.journeys.deals
    able = deals.won & (deals.closed + 40 * DAY < world.span.end)  # at the middle of the delay
    pairs = {
        "email_typo": _typos(con),
        "shared_inbox": _share(p.inbox != NONE),
        "shared_device": (len(hosts) + int(sharers.sum())) / len(p),
        "junk_identifier": _junk(con, world),
        "personal_email": _share(p.has_personal[employed]),
        "job_change_per_year": _share(p.new_account[employed] != NONE) / world.span.years,
        "loyalty_id": _share(p.has_loyalty),
        "duplicate_lead": _repeated(world.records.leads.person),
        "duplicate_hubspot_contact": _repeated(world.records.hubspot.person),
        "utm_drift": (int(c.drifted.sum()) + int((s.variant[tagged] > 0).sum()))
            / (len(c) + int(tagged.sum())),
        "refund": float((deals.refund_at > 0).sum() / max(1, able.sum())),
    }  # fmt: skip
    return [(name, float(getattr(rates, name)), float(value)) for name, value in pairs.items()]


def _share(flags: Bools) -> float:
    return float(np.mean(flags)) if len(flags) else 0.0


def _repeated(people: Ints) -> float:
    return 1 - len(np.unique(people)) / len(people) if len(people) else 0.0


def _typos(con: duckdb.DuckDBPyConnection) -> float:
    ((share,),) = con.execute(
        "select avg((typo > 0)::int) from (select typo, slot from forms union all"
        " select typo, slot from leads) where slot < 4"
    ).fetchall()
    return float(share) if share is not None else 0.0


def _junk(con: duckdb.DuckDBPyConnection, world: World) -> float:
    """Rows with a junk address or phone, and visits of the all-zero device, among all of them."""
    ((junk, rows),) = con.execute(
        "select sum((slot = 4 or phone_kind = 2)::int), count(*) from ("
        " select slot, phone_kind from leads union all select slot, phone_kind from contacts"
        " union all select slot, phone_kind from hubspot"
        " union all select slot, phone_kind from forms)"
    ).fetchall()
    device = world.journeys.sessions.device
    return (int(junk or 0) + int((device == NONE).sum())) / (int(rows) + len(device))
