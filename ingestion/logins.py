"""What it takes to get in somewhere: Airflow connections, which never reach a log or a message.

`AIRFLOW_CONN_<NAME>` (Airflow's JSON or URI form), then, inside a running Airflow task, Airflow's
own connections.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ingestion.errors import InboxError

_SECRET = re.compile("secret|token|key|pass|connection_string")
# Inside a task Airflow names the task in the environment; outside it there is no server to ask.
_IN_TASK = "AIRFLOW_CTX_TASK_ID"


@dataclass(frozen=True)
class Login:
    """The parts of one connection. Its repr shows the name alone."""

    name: str
    host: str = field(default="", repr=False)
    port: int | None = field(default=None, repr=False)
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything in it that no message may hold, the longest first."""
        found = [self.password, *(str(v) for k, v in self.extra.items() if _SECRET.search(k))]
        return tuple(sorted((v for v in found if len(v) > 3), key=len, reverse=True))


def variable(name: str) -> str:
    """The variable of the environment that holds the connection `name`."""
    return f"AIRFLOW_CONN_{name.upper()}"


def find_login(*names: str, env: Mapping[str, str] | None = None) -> Login | None:
    """The first of these connections that somebody configured. InboxError if it cannot be read."""
    env = os.environ if env is None else env
    for name in names:
        if text := env.get(variable(name)):
            return _from_text(name, text)
    if _IN_TASK in env:
        return next((found for name in names if (found := _from_airflow(name))), None)
    return None


def _from_text(name: str, text: str) -> Login:
    try:
        parts = json.loads(text) if text.lstrip().startswith("{") else _from_uri(text)
        extra = parts.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        port = parts.get("port")
        return Login(
            name,
            str(parts.get("host") or ""),
            int(port) if port else None,
            str(parts.get("login") or ""),
            str(parts.get("password") or ""),
            dict(extra),
        )
    except (ValueError, AttributeError, TypeError):
        # The text holds a secret: neither it nor the parser's quotation of it may be shown.
        raise InboxError(
            f"connection {name}: expected Airflow's JSON or URI form in {variable(name)}, "
            "got something else"
        ) from None


def _from_uri(text: str) -> dict[str, Any]:
    uri = urlsplit(text)
    if not uri.scheme:
        raise ValueError
    query = dict(parse_qsl(uri.query, keep_blank_values=True))
    extra = json.loads(query["__extra__"]) if "__extra__" in query else query
    return {
        "host": unquote(uri.hostname or ""),
        "port": uri.port,
        "login": unquote(uri.username or ""),
        "password": unquote(uri.password or ""),
        "extra": extra,
    }


def _from_airflow(name: str) -> Login | None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None
    return Login(
        name, found.host or "", found.port, found.login or "", found.password or "",
        found.extra_dejson,
    )  # fmt: skip
