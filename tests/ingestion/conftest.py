"""A landing folder to drop files into, and ways to look at what was loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion.landing import LandingSummary, ingest_landing
from ingestion.load import FileResult
from warehouse.connection import connect
from warehouse.settings import settings

Land = Callable[[str, bytes | str], Path]
Ingest = Callable[[], dict[str, FileResult]]
Query = Callable[[str], list[tuple[Any, ...]]]

GOOGLE_HEADER = "Day,Campaign,Campaign ID,Currency code,Cost,Impr.,Clicks,Conversions,Conv. value"
GOOGLE_PREAMBLE = 'Campaign report\n"September 1, 2026 - September 3, 2026"\n'
EVENTS_HEADER = (
    "id,created,type,recipient,emailCampaignId,portalId,appId,sentBy.id,sentBy.created,url"
)


@pytest.fixture
def land(home: Path) -> Land:
    """Write a file into the landing folder of a fresh deployment."""

    def write(name: str, content: bytes | str) -> Path:
        path = settings().landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def ingest(home: Path) -> Ingest:
    """Land everything; what happened, by file name."""

    def run() -> dict[str, FileResult]:
        found: dict[str, FileResult] = {}
        summary = ingest_landing("run", lambda r: found.update({r.load.file: r}))
        assert isinstance(summary, LandingSummary)
        return found

    return run


@pytest.fixture
def query(home: Path) -> Query:
    """Rows of a query on the build warehouse."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with connect("test", read_only=True) as con:
            return con.execute(sql).fetchall()

    return run


@pytest.fixture
def events() -> Callable[[int], str]:
    """A HubSpot e-mail events export of n well-formed rows."""

    def make(n: int) -> str:
        rows = [
            f"e{i},1427997766000,CLICK,p{i}@example.test,1,2,3,,,https://x.test/" for i in range(n)
        ]
        return "\n".join([EVENTS_HEADER, *rows]) + "\n"

    return make


@pytest.fixture
def google() -> Callable[..., str]:
    """A Google Ads UI report: rows of (day, id, currency, cost), totals with the cost given."""

    def make(rows: list[tuple[str, str, str, str]], total: str | None) -> str:
        lines = [f'{day},C,{key},{cur},"{cost}",10,1,0.5,1.00' for day, key, cur, cost in rows]
        n = len(rows)
        if total is not None:
            sums = f'"{total}",{10 * n},{n},{0.5 * n:.2f},{n}.00'
            lines += [f"Total: {what},,,{rows[0][2]},{sums}" for what in ("Campaigns", "Account")]
        return GOOGLE_PREAMBLE + "\n".join([GOOGLE_HEADER, *lines]) + "\n"

    return make


@pytest.fixture
def inbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set ONEFOLD_INBOX of a fresh deployment."""
    return lambda *uris: monkeypatch.setenv("ONEFOLD_INBOX", " ".join(uris))
