"""Google Ads: the campaign report of the user interface, a file a month, totals at the end."""

from pathlib import Path

import duckdb
import numpy as np

from simulator.calendar import DAY, Bools, Ints, Window, rng
from simulator.rates import CHANNELS
from simulator.world import World
from simulator.writers import table, write_lines

HEADER = (
    "Day", "Campaign status", "Campaign", "Campaign ID", "Currency code", "Cost", "Impr.",
    "Clicks", "CTR", "Conversions", "Conv. value", "Search impr. share",
)  # fmt: skip
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

_ROWS = """
    select day, 'Enabled' as status, c.written as name, 21456000000 + d.campaign * 137 as id, cost,
        impressions, clicks, conversions, value, c.channel, d.n
    from ad_days as d
    inner join campaigns as c on d.campaign = c.i
    where d.month = {month}"""
_FIELDS = (
    "iso_day(day)", "status", "name", "id", "'USD'", "format('{:,.2f}', cost / 100)",
    "format('{:,}', impressions)", "format('{:,}', clicks)",
    "case when impressions = 0 then '--' else printf('%.2f', 100.0 * clicks / impressions) || '%'"
    " end",
    "case when conversions = 0 and clicks < 8 then '--'"
    " else format('{:,.2f}', conversions / 100) end",
    "format('{:,.2f}', value / 100)",
    "case when channel <> 0 then '--' when impressions < 60 then ' < 10%'"
    " else printf('%.2f', 20 + (n * 37) % 6500 / 100.0) || '%' end",
)  # fmt: skip
_TOTALS = (
    "'Total: {level}'", "''", "''", "''", "'USD'", "format('{{:,.2f}}', sum(cost) / 100)",
    "format('{{:,}}', sum(impressions)::bigint)", "format('{{:,}}', sum(clicks)::bigint)",
    "printf('%.2f', 100.0 * sum(clicks) / sum(impressions)) || '%'",
    "format('{{:,.2f}}', sum(conversions) / 100)", "format('{{:,.2f}}', sum(value) / 100)", "'--'",
)  # fmt: skip


def load_ads(con: duckdb.DuckDBPyConnection, world: World, seed: int) -> None:
    """Table `ad_days`: campaign, day, cost and value in cents, conversions in hundredths."""
    gen = rng(seed, "ads")
    s, span, c = world.journeys.sessions, world.span, world.campaigns
    google = np.array([source == "google" for source in c.source])
    days = (span.end - span.start) // DAY
    mine = (s.campaign >= 0) & google[s.campaign]
    visits = _count(s.campaign[mine], (s.start[mine] - span.start) // DAY, len(c), days)
    forms = mine & (s.form > 0)
    filled = _count(s.campaign[forms], (s.start[forms] - span.start) // DAY, len(c), days)
    campaign, day = np.nonzero(_running(c.start, c.end, google, span, days))
    busy = np.where((day + span.start // DAY + 3) % 7 < 5, 1.0, 0.45)
    scale = max(1.0, len(world.people) / 2_000)
    display = c.channel[campaign] == CHANNELS.index("display")
    unseen = gen.poisson(busy * np.where(display, 3.0, 7.0) * scale)  # clicks that refused tracking
    clicks = visits[campaign, day] + unseen
    rate = np.where(display, 0.006, 0.045) * np.exp(gen.normal(0, 0.2, len(clicks)))
    impressions = clicks + (np.maximum(clicks, 1) / rate).astype(np.int64)
    price = np.where(display, 90, 420) * np.exp(gen.normal(0, 0.25, len(clicks)))
    fraction = gen.choice([0, 0, 50, 33], len(clicks))
    conversions = 100 * filled[campaign, day] + np.where(filled[campaign, day] > 0, fraction, 0)
    month = np.searchsorted(span.month_starts, span.start + day * DAY, side="right") - 1
    order = np.lexsort((campaign, day))
    columns = {
        "campaign": campaign, "day": span.start + day * DAY, "month": month,
        "cost": (clicks * price).astype(np.int64), "impressions": impressions, "clicks": clicks,
        "conversions": conversions, "value": conversions * 120,
    }  # fmt: skip
    table(con, "ad_days", {"n": np.arange(len(order)),
          **{name: values[order] for name, values in columns.items()}})  # fmt: skip


def _count(campaign: Ints, day: Ints, campaigns: int, days: int) -> Ints:
    flat = np.bincount(campaign * days + day, minlength=campaigns * days)
    return flat.reshape(campaigns, days)


def _running(start: Ints, end: Ints, wanted: Bools, span: Window, days: int) -> Bools:
    """True where a wanted campaign runs on a day, shape (campaigns, days)."""
    at = span.start + np.arange(days) * DAY
    return np.asarray(wanted[:, None] & (start[:, None] <= at) & (at < end[:, None]))


def write_ads(con: duckdb.DuckDBPyConnection, folder: Path, world: World) -> dict[str, int]:
    """Write one report a month below `folder`, every third as Excel's UTF-16 tab-separated text."""
    rows = {}
    edges = (*world.span.month_starts, world.span.end)
    for number, (year, month) in enumerate(world.span.months):
        excel = number % 3 == 2
        name = f"campaign_report_{year}-{month:02d}{'_excel' if excel else ''}.csv"
        last = (edges[number + 1] - edges[number]) // DAY
        dates = f"{_MONTHS[month - 1]} 1, {year} - {_MONTHS[month - 1]} {last}, {year}"
        tab, end = ("\t", "\r\n") if excel else (",", "\n")
        title = dates if excel else f'"{dates}"'
        rows[f"google_ads/{name}"] = write_lines(
            con, folder / name, list(_queries(number, excel)),
            header=f"Campaign report{end}{title}{end}{tab.join(HEADER)}{end}",
            encoding="utf-16" if excel else "utf-8", newline=end,
        )  # fmt: skip
    return rows


def _queries(month: int, excel: bool) -> list[str]:
    source = _ROWS.format(month=month)

    def line(fields: tuple[str, ...]) -> str:
        if excel:
            return " || chr(9) || ".join(f"({field})::varchar" for field in fields)
        # Google quotes a field only where it needs it.
        return " || ',' || ".join(f"bare({field})" for field in fields)

    totals = [
        f"select {line(tuple(f.format(level=level) for f in _TOTALS))} as line from ({source})"
        for level in ("Campaigns", "Account")
    ]
    return [f"select {line(_FIELDS)} as line from ({source} order by d.n)", *totals]
