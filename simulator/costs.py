"""The cost list: what marketing costs besides the ads whose reports are exported."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from simulator.calendar import DAY, rng
from simulator.rates import CHANNELS
from simulator.world import World
from simulator.writers import table, write_lines

HEADER = "cost_id,cost_date,category,description,campaign,amount,currency,source\n"
ACTUAL = 0.93
"""Of a campaign's budget; `ActualCost` of the CRM's campaign is the same."""

# Category, what for, and who keeps it, by channel; -1 are events and webinars. E-mail is a tool.
_OF_CHANNEL: dict[int, tuple[str, str, str]] = {
    -1: ("event", "Rooms, stand and speakers", "finance"),
    CHANNELS.index("paid_search"): ("agency", "Search media bought by the agency", "agency portal"),
    CHANNELS.index("paid_social"): ("agency", "Social media bought by the agency", "agency portal"),
    CHANNELS.index("organic_social"): ("content", "Writing, design and translation", "marketing"),
    CHANNELS.index("referral"): ("other", "Fees of partners and review sites", "finance"),
}

# Every month: day, category, what for, amount for 2,000 people, currency, and who keeps it.
_MONTHLY = (
    (1, "tool", "Marketing automation", 890, "USD", "finance"),
    (1, "tool", "Event collection", 240, "USD", "finance"),
    (28, "salary", "Marketing team", 9_200, "USD", "payroll"),
)
_RETAINER, _CREDIT = 1_400, -180  # GBP


def write_costs(
    con: duckdb.DuckDBPyConnection, folder: Path, world: World, seed: int
) -> dict[str, int]:
    """Write cost_list.csv below `folder`; returns its rows.

    A campaign counts on its first day, with the cost that the CRM has for it. Google's own are left
    out, because its report has them.
    """
    gen, span, c = rng(seed, "costs"), world.span, world.campaigns
    scale = max(1.0, len(world.people) / 2_000)
    hours = gen.integers(0, 25, len(span.months))
    rows: list[tuple[int, str, str, str, str, str, str]] = []
    for number, start in enumerate(span.month_starts):
        for day, category, what, amount, currency, source in _MONTHLY:
            at = start + (day - 1) * DAY
            rows.append((at, category, what, "", f"{amount * scale:.2f}", currency, source))
        retainer = _RETAINER * scale + 60 * int(hours[number])
        rows.append((start + 14 * DAY, "agency", "Retainer, and hours beyond it", "",
                     f"{retainer:.2f}", "GBP", "agency portal"))  # fmt: skip
        if number % 6 == 5:
            rows.append((start + 20 * DAY, "agency", "Credit for hours not used", "",
                         f"{_CREDIT * scale:.2f}", "GBP", "agency portal"))  # fmt: skip
    for i in range(len(c)):
        kept = _OF_CHANNEL.get(int(c.channel[i]))
        if kept is not None and c.source[i] != "google":
            category, what, source = kept
            rows.append((int(c.start[i]), category, what, c.written[i],
                         f"{int(c.budget[i]) * ACTUAL:.2f}", "USD", source))  # fmt: skip
    rows.sort(key=lambda row: row[0])
    lines = [f"exp-{n:05},{_day(row[0])},{','.join(_bare(x) for x in row[1:])}"
             for n, row in enumerate(rows, start=1)]  # fmt: skip
    table(con, "costs", {"n": range(len(lines)), "line": lines})
    count = write_lines(
        con, folder / "cost_list.csv", ["select line from costs order by n"], header=HEADER
    )
    return {"costs/cost_list.csv": count}


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def _bare(text: str) -> str:
    return f'"{text}"' if "," in text else text
