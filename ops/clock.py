"""The one clock of a run: what "now" means to every model, gate and score."""

from datetime import UTC, datetime, timedelta

import duckdb

from ingestion.freshness import moments
from ingestion.sources import read_tables
from warehouse.connection import connect
from warehouse.errors import OnefoldError
from warehouse.settings import Settings, settings

LATEST = "latest_event"
FORMAT = "%Y-%m-%d %H:%M:%S"


class ClockError(OnefoldError):
    """The run's clock could not be read."""


def as_of(con: duckdb.DuckDBPyConnection, logical_date: str, s: Settings | None = None) -> str:
    """The run's moment as `YYYY-MM-DD HH:MM:SS`, UTC.

    ONEFOLD_AS_OF when set, where `latest_event` means the latest event landed; a home started from
    the sample exports works as of its latest event; otherwise `logical_date` (ISO with offset).
    """
    s = s or settings()
    if s.as_of and s.as_of != LATEST:
        return _parse(s.as_of).strftime(FORMAT)
    if s.as_of or s.sample_marker.exists():
        latest = latest_event(con)
        if latest is not None:
            return _not_before(latest)
    return _parse(logical_date).strftime(FORMAT)


def of_command(given: str = "") -> str:
    """The moment a command works at: as given, ONEFOLD_AS_OF, or that of the last run.

    Raises ClockError if the text is no moment, or if there is none to take it from.
    """
    text = given or settings().as_of
    if text and text != LATEST:
        return _parse(text).strftime(FORMAT)
    with connect("clock", read_only=True) as con:
        found = latest_event(con) if text else _last_clock(con)
    if found is None:
        raise ClockError("expected an earlier run to take the clock from; pass --as-of")
    return _not_before(found)


def _last_clock(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """The clock of the newest run; of the newest plan or verdict where no run was recorded."""
    newest = {"runs": "finished_at", "sync_runs": "as_of", "gate_results": "as_of"}
    for table, order in newest.items():
        if con.execute(
            "select 1 from duckdb_tables() where schema_name = 'state' and table_name = ?", [table]
        ).fetchone():
            row = con.execute(
                f"select as_of from state.{table} where as_of is not null "
                f"order by {order} desc limit 1"
            ).fetchone()
            if row:
                moment: datetime = row[0]
                return moment
    return None


def latest_event(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """The latest event time over every landed table, by its declared `event_column`."""
    newest = moments(con, read_tables())
    if newest is None:
        return None
    row = con.execute(f"select max(moment) from ({newest})").fetchone()
    return row[0] if row else None


def _not_before(moment: datetime) -> str:
    """Whole seconds, rounded up: the latest event must not lie after the clock."""
    return (moment + timedelta(microseconds=-moment.microsecond % 1_000_000)).strftime(FORMAT)


def _parse(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(
            f"expected an ISO timestamp such as 2026-06-30T00:00:00 or {LATEST}, got {text!r}; "
            "correct --as-of or ONEFOLD_AS_OF"
        ) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
