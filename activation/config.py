"""What each sync declares: `activation/syncs.yml` as data classes, with errors to act on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from activation.errors import SyncConfigError

SYNCS_FILE = Path(__file__).with_name("syncs.yml")
MODES = ("mirror", "upsert", "audience")
NULL_POLICIES = ("send", "omit")
FIRST_RUN = ("allow", "approve")
EMPTY_MODEL = ("stop", "allow")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = {
    "description", "owner", "model", "destination", "connection", "key", "mode", "purpose",
    "fields", "nulls", "first_run", "guards", "options",
}  # fmt: skip


@dataclass(frozen=True)
class Guards:
    """Limits that a plan must keep before the first call.

    Shares are of the records the destination holds; they are judged only when the action touches
    more than `min_records`, so a small audience may move.
    """

    max_add_share: float = 0.5
    max_remove_share: float = 0.2
    min_records: int = 25
    empty_model: str = "stop"
    first_run: str = "approve"


@dataclass(frozen=True)
class Sync:
    """One sync: which model goes where, under which key, for which purpose.

    `fields` maps the destination's field to the model's column; only these columns count as a
    change. `nulls`: `send` writes an empty value, `omit` leaves the field out.
    """

    name: str
    description: str
    owner: str
    model: str
    destination: str
    connection: str | None
    key: str
    mode: str
    purpose: str
    fields: Mapping[str, str]
    nulls: str = "send"
    guards: Guards = Guards()
    options: Mapping[str, Any] = field(default_factory=dict)


def load_syncs(path: Path | None = None) -> dict[str, Sync]:
    """Read every sync by name, in the file's order. Raises SyncConfigError."""
    path = path or SYNCS_FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SyncConfigError(f"expected YAML in {path.name}, got: {error}") from None
    entries = content.get("syncs") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise SyncConfigError(f"expected `syncs:` with at least one entry in {path.name}")
    return {str(name): parse_sync(str(name), entry) for name, entry in entries.items()}


def find_sync(name: str, path: Path | None = None) -> Sync:
    """The sync called `name`. Raises SyncConfigError naming those that exist."""
    syncs = load_syncs(path)
    if name not in syncs:
        raise SyncConfigError(f"expected one of {', '.join(syncs)}, got {name!r}")
    return syncs[name]


def parse_sync(name: str, entry: Any) -> Sync:
    """Turn one entry of syncs.yml into a Sync. Raises SyncConfigError."""
    if not isinstance(entry, dict):
        raise SyncConfigError(f"sync {name}: expected a mapping, got {type(entry).__name__}")
    _known(name, "", entry, _KEYS)
    _name(name, "name", name)
    return Sync(
        name=name,
        description=_text(name, entry, "description"),
        owner=_text(name, entry, "owner"),
        model=_name(name, "model", _text(name, entry, "model")),
        destination=_name(name, "destination", _text(name, entry, "destination")),
        connection=_name(name, "connection", entry["connection"])
        if entry.get("connection")
        else None,
        key=_name(name, "key", entry.get("key", "record_key")),
        mode=_choice(name, "mode", entry.get("mode"), MODES),
        purpose=_name(name, "purpose", _text(name, entry, "purpose")),
        fields=_fields(name, entry.get("fields")),
        nulls=_choice(name, "nulls", entry.get("nulls", "send"), NULL_POLICIES),
        guards=_guards(name, entry.get("guards") or {}, entry.get("first_run", "approve")),
        options=dict(entry.get("options") or {}),
    )


def _guards(name: str, entry: Any, first_run: Any) -> Guards:
    if not isinstance(entry, dict):
        raise SyncConfigError(f"sync {name}: expected `guards` to be a mapping")
    _known(
        name, "guards.", entry, {"max_add_share", "max_remove_share", "min_records", "empty_model"}
    )
    default = Guards()
    return Guards(
        max_add_share=_share(name, entry, "max_add_share", default.max_add_share),
        max_remove_share=_share(name, entry, "max_remove_share", default.max_remove_share),
        min_records=_count(name, entry, "min_records", default.min_records),
        empty_model=_choice(
            name, "guards.empty_model", entry.get("empty_model", default.empty_model), EMPTY_MODEL
        ),
        first_run=_choice(name, "first_run", first_run, FIRST_RUN),
    )


def _fields(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise SyncConfigError(
            f"sync {name}: expected `fields` to map destination fields to model columns"
        )
    return {
        _name(name, "fields", field_name): _name(name, f"fields.{field_name}", column)
        for field_name, column in value.items()
    }


def _known(name: str, prefix: str, entry: dict[str, Any], allowed: set[str]) -> None:
    unknown = sorted(set(map(str, entry)) - allowed)
    if unknown:
        raise SyncConfigError(
            f"sync {name}: unknown setting {prefix}{unknown[0]}; "
            f"known: {', '.join(sorted(allowed))}"
        )


def _text(name: str, entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise SyncConfigError(f"sync {name}: expected a text for `{key}`, got {value!r}")
    return value.strip()


def _name(name: str, key: str, value: Any) -> str:
    # Names become part of SQL and of paths, so nothing but this alphabet is let in.
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise SyncConfigError(f"sync {name}: expected `{key}` in lower_snake_case, got {value!r}")
    return value


def _choice(name: str, key: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SyncConfigError(
            f"sync {name}: expected `{key}` to be one of {', '.join(allowed)}, got {value!r}"
        )
    return str(value)


def _share(name: str, entry: dict[str, Any], key: str, default: float) -> float:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SyncConfigError(f"sync {name}: expected `guards.{key}` as a share ≥ 0, got {value!r}")
    return float(value)


def _count(name: str, entry: dict[str, Any], key: str, default: int) -> int:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SyncConfigError(
            f"sync {name}: expected `guards.{key}` as a whole number ≥ 0, got {value!r}"
        )
    return value
