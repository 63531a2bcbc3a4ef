"""What the last runs of identity did, from the figures they left."""

from typing import Any

import duckdb

from identity.errors import IdentityError
from warehouse.connection import fetch_rows

_RUNS = """
select
    runs.run_number, runs.run_id, runs.as_of::varchar as as_of,
    map_from_entries(list((metric, value) order by identity_metrics.rowid)) as metrics
from (from state.identity_runs order by run_number desc limit ?) as runs
inner join state.identity_metrics using (run_number)
group by all
order by run_number
"""


def last_runs(con: duckdb.DuckDBPyConnection, count: int) -> list[dict[str, Any]]:
    """The last `count` runs that decided something, oldest first.

    Each is run_number, run_id, as_of and metrics, which maps a figure's name to its value (see
    identity/watch.py). Raises IdentityError where no run left any.
    """
    try:
        found = fetch_rows(con, _RUNS, [count])
    except duckdb.CatalogException:
        found = []
    if not found:
        raise IdentityError(
            "expected a run that resolved people, found none yet; run `onefold run`"
        )
    return found
