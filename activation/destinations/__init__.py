"""Destinations: one module each, found by name. See docs/how_to_add_a_destination.md."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from activation.config import Sync
from activation.connections import find_connection
from activation.errors import SyncConfigError
from activation.records import Audience, Outcome, Record


class Destination(Protocol):
    """Somewhere that records can be sent to.

    A module `activation/destinations/<name>.py` has `connect(sync, connection) -> Destination`.
    Every method may raise ActivationError when the whole sync cannot go on; what happens to a
    record is an Outcome, never an exception.
    """

    batch_size: int | None
    """Records per call; None: the whole audience is one call (a snapshot)."""

    def check(self) -> None:
        """Fail early, without sending anything, when the destination cannot be used."""

    def prepare(self, audience: Audience) -> None:
        """Get ready; a snapshot stages `audience`, the others get an empty one."""

    def send(self, records: Sequence[Record]) -> list[Outcome]:
        """Add or change `records`; one outcome each, in order. Safe to repeat."""

    def remove(self, records: Sequence[Record]) -> list[Outcome]:
        """Take `records` away; one outcome each, in order. Safe to repeat."""


class _Module(Protocol):
    def connect(self, sync: Sync, connection: object) -> Destination: ...


def available() -> list[str]:
    """Names of the destinations that exist."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def open_destination(sync: Sync) -> Destination | None:
    """The destination of a sync, or None when its connection is not configured.

    Raises SyncConfigError for a destination that does not exist and ConnectionInvalid for a
    connection that cannot be used.
    """
    if sync.destination not in available():
        raise SyncConfigError(
            f"sync {sync.name}: expected `destination` to be one of {', '.join(available())}, "
            f"got {sync.destination!r}"
        )
    connection = find_connection(sync.connection) if sync.connection else None
    if sync.connection and connection is None:
        return None
    module = cast(_Module, import_module(f"activation.destinations.{sync.destination}"))
    return module.connect(sync, connection)
