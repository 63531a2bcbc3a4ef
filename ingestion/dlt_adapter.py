"""APIs: what a dlt source yields is written into the landing folder as its vendor would export it.

dlt pages, retries and remembers how far it came; landing stays the one way into a raw table. The
vendor's words are written as they come: dlt's own normalising and loading take no part.
"""

import csv
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingestion.arrivals import SILENT, Arrival, Listener, alone
from ingestion.errors import FetchFailed, InboxError
from ingestion.sources import Table, find_table, match_file, read_tables
from warehouse import files
from warehouse.errors import OnefoldError
from warehouse.settings import settings


def pull(names: Sequence[str], listen: Listener = SILENT) -> list[Arrival]:
    """Pull the named APIs: each resource with something new becomes one file, named by its content.

    A name is a module of `ingestion/apis`, or `module:function`; its function returns a dlt source
    called like the source, with resources called `<table>` or `<table>__<part>`. A resource that
    fails is an Arrival with the reason, its place in the API is kept, and the others go on. Raises
    InboxError where a pull is not set up right.
    """
    if not names:
        return []
    dlt = _dlt()
    tables = read_tables()
    arrived = []
    with alone():
        for name in dict.fromkeys(names):
            source = _source(name)
            resources = {r: _target(tables, source.name, r) for r in source.selected_resources}
            pipeline = dlt.pipeline(
                f"onefold_{source.name}", pipelines_dir=str(settings().home / "dlt")
            )
            for resource, table in resources.items():
                rows = source.selected_resources[resource]
                arrived.append(_pulled(pipeline, rows, resource, table))
                listen.settled(arrived[-1])
    return arrived


def _dlt() -> Any:
    """dlt, told to report to nobody and to keep its own files in this deployment."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    # Without this dlt imports Airflow to look for secrets, which takes seconds and opens a home.
    os.environ["PROVIDERS__ENABLE_AIRFLOW_SECRETS"] = "false"
    os.environ["DLT_DATA_DIR"] = str(settings().home / "dlt")
    try:
        return import_module("dlt")
    except ImportError:
        raise InboxError(
            "pulling needs the package dlt, which is not installed; in the repository: "
            "uv pip install -e '.[dlt]'"
        ) from None


def _source(name: str) -> Any:
    module, _, function = name.partition(":")
    module = module if function else f"ingestion.apis.{module}"
    try:
        make = getattr(import_module(module), function or "source")
    except (ImportError, AttributeError) as error:
        known = sorted(p.stem for p in (Path(__file__).parent / "apis").glob("[a-z]*.py"))
        raise InboxError(
            f"ONEFOLD_PULLS: expected one of {', '.join(known)}, or module:function, got {name!r} "
            f"({error})"
        ) from None
    return make()


def _target(tables: Sequence[Table], source: str, resource: str) -> Table:
    """The table of a resource. InboxError where landing would not put its file there."""
    table = find_table(tables, source, resource.split("__", maxsplit=1)[0])
    name = f"{_folder(table)}/{resource}_{'0' * 12}.{table.dialect.format}"
    if match_file(tables, name).table != table:
        raise InboxError(
            f"{table.full_name}: expected a file_pattern that takes {name} and no other table's; "
            "add one to the source's YAML"
        )
    return table


def _folder(table: Table) -> str:
    """The folder that the table's first pattern names, below the landing folder."""
    folder = table.file_pattern[0].rpartition("/")[0]
    return folder if folder and not re.search(r"[*?\[]", folder) else table.source


def _pulled(pipeline: Any, rows: Iterable[Any], resource: str, table: Table) -> Arrival:
    """One resource, written whole before dlt's state moves on: a crash between repeats the pull."""
    uri = f"api:{table.source}.{resource}"
    folder = settings().landing / _folder(table)
    try:
        with _failing(), pipeline.managed_state(), _spool(folder, resource) as part:
            count = _write_json_lines(part, rows)
            if not count:
                return Arrival("present", uri)
            if table.dialect.format == "csv":
                _to_csv(part, table)
            target = folder / f"{resource}_{_digest(part)}.{table.dialect.format}"
            size, is_new = part.stat().st_size, not target.exists()
            if is_new:
                files.replace(part, target)
    except FetchFailed as error:
        return Arrival("failed", uri, message=str(error))
    file = f"{_folder(table)}/{target.name}"
    return Arrival("fetched" if is_new else "present", uri, file, size)


@contextmanager
def _spool(folder: Path, resource: str) -> Iterator[Path]:
    """A file that landing passes over; gone afterwards unless it was renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{resource}.part"
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _write_json_lines(part: Path, rows: Iterable[Any]) -> int:
    count = 0
    with part.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            if not isinstance(row, dict):
                raise FetchFailed(
                    f"expected the API's objects (dict), got {type(row).__name__}; yield those"
                )
            out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_plain))
            out.write("\n")
            count += 1
    return count


def _plain(value: Any) -> str:
    """A value that JSON has no word for, as text: raw tables hold text anyway."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise FetchFailed(f"expected values that JSON can hold, got {type(value).__name__}")


def _to_csv(part: Path, table: Table) -> None:
    """Rewrite JSON lines as the table's CSV: a column for every key, in order of appearance."""
    with part.open(encoding="utf-8") as lines:
        header = list(dict.fromkeys(key for line in lines for key in json.loads(line)))
    written = part.with_name(f"{part.name}.csv.part")
    dialect = table.dialect
    with (
        part.open(encoding="utf-8") as lines,
        written.open("w", encoding=dialect.encodings[0], newline="") as out,
    ):
        writer = csv.writer(out, delimiter=dialect.delimiters[0], lineterminator="\n")
        writer.writerow(header)
        rows = (json.loads(line) for line in lines)
        writer.writerows([_cell(row.get(key), table) for key in header] for row in rows)
    written.replace(part)


def _cell(value: Any, table: Table) -> Any:
    if value is None:
        return table.dialect.nulls[0] if table.dialect.nulls else ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _digest(part: Path) -> str:
    with part.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


@contextmanager
def _failing() -> Iterator[None]:
    """Turn dlt's errors, and what it wraps, into FetchFailed without a word of the data."""
    from dlt.common.exceptions import DltException

    try:
        yield
    except DltException as error:
        raise FetchFailed(
            f"cannot be pulled: {_reason(error)}; check its login, or wait for the next run"
        ) from None


def _reason(error: BaseException) -> str:
    from requests import RequestException, Response

    chain = [error]
    while following := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(following)
    for found in chain:
        if isinstance(found, OnefoldError):
            return str(found)
        if isinstance(found, RequestException):
            response = getattr(found, "response", None)
            if isinstance(response, Response):
                return f"{urlsplit(response.url).hostname} answered {response.status_code}"
            request = getattr(found, "request", None)
            if host := urlsplit(getattr(request, "url", None) or "").hostname:
                return f"{host} cannot be reached ({type(found).__name__})"
            return type(found).__name__
    # Any other message may quote what was read, so only its kind is told.
    return next((type(e).__name__ for e in chain[1:]), type(error).__name__)
