"""Where a destination is and the secret to speak to it; neither ever reaches a log.

`AIRFLOW_CONN_<NAME>` (Airflow's JSON or URI form), then `ONEFOLD_CONN_<NAME>_URL` with
`ONEFOLD_CONN_<NAME>_SECRET`, then, inside a running Airflow task, Airflow's own connections.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from activation.config import Sync
from activation.errors import ConnectionInvalid

# Inside a task Airflow names the task in the environment; outside it there is no server to ask.
_IN_TASK = "AIRFLOW_CTX_TASK_ID"


@dataclass(frozen=True)
class Connection:
    """A named address and its secret. Its repr shows the name alone."""

    name: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


def find_connection(
    name: str, env: Mapping[str, str] | None = None, *, in_airflow: bool = False
) -> Connection | None:
    """The connection called `name`, or None when nobody configured it. Raises ConnectionInvalid.

    `in_airflow` says that one of Airflow's own processes asks, be it outside a task.
    """
    env = os.environ if env is None else env
    if text := env.get(f"AIRFLOW_CONN_{name.upper()}"):
        return _from_airflow_text(name, text)
    if url := env.get(f"ONEFOLD_CONN_{name.upper()}_URL"):
        return Connection(name, url, env.get(f"ONEFOLD_CONN_{name.upper()}_SECRET", ""))
    return _from_airflow(name) if in_airflow or _IN_TASK in env else None


def is_configured(sync: Sync) -> bool:
    """Whether somebody set this sync up: it needs no connection, or has one, be it a broken one."""
    try:
        return sync.connection is None or find_connection(sync.connection) is not None
    except ConnectionInvalid:
        return True


def _from_airflow_text(name: str, text: str) -> Connection:
    try:
        if not text.lstrip().startswith("{"):
            return _from_uri(name, text)
        parts = json.loads(text)
        extra = parts.get("extra") or {}
        return _from_parts(name, parts, json.loads(extra) if isinstance(extra, str) else extra)
    except (ValueError, AttributeError):
        # The text holds a secret: neither it nor the parser's quotation of it may be shown.
        raise ConnectionInvalid(
            f"connection {name}: expected Airflow's JSON or URI form in "
            f"AIRFLOW_CONN_{name.upper()}, got something else"
        ) from None


def _from_uri(name: str, text: str) -> Connection:
    uri = urlsplit(text)
    if not uri.scheme:
        raise ValueError
    extra = parse_qs(uri.query).get("__extra__", ["{}"])[0]
    secret = unquote(uri.password or "")
    if uri.path in ("/http", "/https") or "__extra__" in uri.query:
        parts = {
            "host": uri.hostname,
            "port": uri.port,
            "schema": uri.path.strip("/") or uri.scheme,
            "password": secret,
        }
        return _from_parts(name, parts, json.loads(extra))
    return Connection(name, _without_login(uri), secret)


def _from_parts(name: str, parts: Mapping[str, Any], extra: Mapping[str, Any]) -> Connection:
    secret = str(parts.get("password") or "")
    if url := extra.get("url"):
        return Connection(name, str(url), secret)
    if path := extra.get("path"):
        return Connection(name, f"file://{path}", secret)
    host = str(parts.get("host") or "")
    if not host:
        raise ConnectionInvalid(f"connection {name}: expected a host, or `url` in its extra")
    if "://" not in host:
        host = f"{parts.get('schema') or 'https'}://{host}"
    if port := parts.get("port"):
        split = urlsplit(host)
        host = split._replace(netloc=f"{split.netloc}:{port}").geturl()
    return Connection(name, host, secret)


def _without_login(uri: SplitResult) -> str:
    return uri._replace(netloc=uri.netloc.rpartition("@")[2]).geturl()


def _from_airflow(name: str) -> Connection | None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None
    parts = {
        "host": found.host,
        "port": found.port,
        "schema": found.schema,
        "password": found.password,
    }
    return _from_parts(name, parts, found.extra_dejson)
