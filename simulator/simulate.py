"""The public function: one call writes every export and the truth beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from simulator.ads import load_ads, write_ads
from simulator.billing import load_billing, write_billing
from simulator.costs import write_costs
from simulator.hubspot import load_hubspot, write_hubspot
from simulator.incrementality import write_incrementality
from simulator.rates import MEDIA, RATES, Media, Rates
from simulator.realised import realised_rates
from simulator.salesforce import load_salesforce, write_salesforce
from simulator.truth import write_truth
from simulator.web import load_web, write_web
from simulator.world import JUNK_EMAILS, World, build_world, load
from simulator.writers import open_database, write_lines

Progress = Callable[[str], None]

# Addresses that bounced for good, complained, or left: what a mailing service hands over.
_SUPPRESSIONS = """
    with mailed as (
        select h.email, h.draw, h.n, h.moment, p.email as consent, p.email_decided_at
        from hubspot as h
        inner join people as p on h.person = p.i
        where h.email is not null and h.slot in (0, 1, 2)
    ),
    listed as (
        select email, 'hard_bounce' as type, moment + 5 * 86400000 as moment, 'hubspot' as source
        from mailed where draw % 100 = 1
        union all
        select email, 'complaint', moment + 9 * 86400000, 'hubspot' from mailed where draw % 300 = 2
        union all
        select email, 'unsubscribe', email_decided_at, 'preference_center'
        from mailed where consent = 2 and draw % 3 = 0 and email_decided_at > moment
    )
    select email || ',' || type || ','
        || strftime(make_timestamp(moment * 1000), '%Y-%m-%dT%H:%M:%SZ') || ',' || source as line
    from listed
    where moment < getvariable('window_end')
    order by moment, email, type"""


@dataclass(frozen=True)
class SimulationSummary:
    """What was written: rows per file (relative to the output folder), and the rates realised."""

    people: int
    months: int
    seed: int
    files: dict[str, int]
    rates: list[tuple[str, float, float]]


def simulate(
    people: int, months: int, seed: int, out: Path, progress: Progress | None = None, *,
    holdouts: bool = False, rates: Rates = RATES, media: Media = MEDIA,
) -> SimulationSummary:  # fmt: skip
    """Write `out`/exports/<source>/<file> and `out`/truth/*.csv for an invented company.

    The same people, months and seed give the same bytes. The window ends with June 2026 and
    reaches `months` months back. With `holdouts`, people are held out of some channels in some
    months, and truth/ says who; `rates` and `media` are those of another company. Raises
    SimulatorError on arguments out of range.
    """
    tell = progress or (lambda _: None)
    tell(f"building a world of {people:,} people over {months} months")
    world = build_world(people, months, seed, rates, media=media, holdouts=holdouts)
    con = open_database(seed)
    try:
        files = _write(con, world, rates, seed=seed, out=out, tell=tell)
        realised = realised_rates(con, world, rates)
        tell("truth")
        files |= write_truth(con, out / "truth", realised, media)
        tell("worlds without a channel")
        files |= write_incrementality(con, out / "truth", world)
    finally:
        con.close()
    return SimulationSummary(people, months, seed, dict(sorted(files.items())), realised)


def _write(
    con: duckdb.DuckDBPyConnection, world: World, rates: Rates, *, seed: int, out: Path,
    tell: Progress,
) -> dict[str, int]:  # fmt: skip
    exports = out / "exports"
    load(con, world)
    load_salesforce(con, world)
    tell("salesforce")
    files = write_salesforce(con, exports / "salesforce")
    load_hubspot(con, world, seed)
    tell("hubspot")
    files |= write_hubspot(con, exports / "hubspot")
    load_ads(con, world, seed)
    tell("google_ads")
    files |= write_ads(con, exports / "google_ads", world)
    load_web(con, world)
    tell("web_events")
    files |= write_web(con, exports / "web_events", world, seed)
    tell("costs")
    files |= write_costs(con, exports / "costs", world, seed)
    tell("billing")
    load_billing(con, world, rates, seed)
    files |= write_billing(con, exports / "billing")
    tell("suppression")
    files["suppression/suppressions.csv"] = write_lines(
        con, exports / "suppression" / "suppressions.csv", [_SUPPRESSIONS],
        header="email,type,occurred_at,source\n",
    )  # fmt: skip
    return files


__all__ = ["JUNK_EMAILS", "SimulationSummary", "simulate"]
