"""The columns of conversion_touches, from numbers by row to a table with texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.paths import Floats, Ints
from attribution.rules import WEIGHTS, Flags

MODELS = (
    "first_touch", "last_touch", "last_non_direct", "linear",
    "u_shaped", "w_shaped", "full_path", "time_decay",
)  # fmt: skip
"""The rule models, in the order of their columns."""

KINDS: Mapping[str, type] = (
    dict.fromkeys(("touch_number", "touch_count", "cut_count"), np.int64)
    | dict.fromkeys((f"is_{milestone}" for milestone in WEIGHTS), np.bool_)
    | dict.fromkeys((f"{model}_weight" for model in MODELS), np.float64)
    | dict.fromkeys(
        (f"{m}_revenue_{money}" for m in MODELS for money in ("local", "usd")), np.int64
    )
)
"""The columns of numbers. Amounts are cents here."""

TEXTS = ("touch_id", "person_id", "account_id", "campaign_id", "channel", "touched_at")
WITHHELD, UNATTRIBUTED = "(consent withheld)", "(unattributed)"
NEVER = np.iinfo(np.int64).min

_ITS = ("conversion_id", "currency", "converted_at", "inputs_hash")

Columns = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Conversions:
    """Conversions to credit, one row each, and by number what is known of their journeys."""

    table: pa.Table
    journey: Ints
    local_cents: Ints
    usd_cents: Ints
    is_known: Flags  # has a value
    own: Ints  # by journey: the row of the conversion that ended it, or -1 where it is not credited
    moments: Mapping[str, Ints]  # by journey, as in Journeys

    @classmethod
    def of(cls, table: pa.Table) -> "Conversions":
        """`table`: the rows of int_attribution__affected that still convert."""
        table = table.combine_chunks()
        journey = ints(table["journey_number"])
        is_own = pc.equal(table["conversion_id"], table["credit_conversion_id"])
        own = np.full(journey.max(initial=-1) + 1, -1)
        rows = np.flatnonzero(is_own.to_numpy())
        own[journey[rows]] = rows
        moments = {}
        for name in ("lead_created_at", "opportunity_created_at", "won_at"):
            moments[name] = np.full(len(own), NEVER)
            moments[name][journey] = moments_of(table[name])
        local, usd = (ints(table[name]) for name in ("local_cents", "usd_cents"))
        return cls(table, journey, local, usd, table["local_cents"].is_valid().to_numpy(), own,
                   moments)  # fmt: skip


@dataclass(frozen=True)
class Touches:
    """Eligible touches by the numbers that decide; those of a journey are numbered from 1."""

    journey: Ints
    number: Ints
    cut_count: Ints
    touched_at: Ints
    is_direct: Flags
    is_consented: Flags
    role_weight: Floats

    @classmethod
    def of(cls, table: pa.Table) -> "Touches":
        """`table`: the rows of int_attribution__affected_touches."""
        return cls(
            ints(table["journey_number"]),
            ints(table["touch_number"]),
            ints(table["cut_count"]),
            moments_of(table["touched_at"]),
            table["is_direct"].to_numpy(),
            table["is_consented"].to_numpy(),
            table["role_weight"].to_numpy(),
        )

    def in_order(self) -> Ints:
        """Where the touches are, journey by journey and in each by number.

        Journeys come as their first touches do, so that what belongs together lies near.
        """
        count = np.bincount(self.journey)
        come = self.journey[self.number == 1]
        begin = np.zeros_like(count)
        begin[come] = np.cumsum(count[come]) - count[come]
        at = np.empty(len(self.journey), np.int64)
        at[begin[self.journey] + self.number - 1] = np.arange(len(at))
        return at


@dataclass(frozen=True)
class Rows:
    """Rows to be. `touch` is where the touch is, or -1 where none can be told."""

    conversion: Ints
    touch: Ints
    columns: Columns

    def batch(self, conversions: Conversions, touches: pa.Table, label: str) -> pa.RecordBatch:
        """The rows with all columns; `touch` counts the rows of `touches`.

        A row without a touch says who converted, and `label` instead of the touch.
        """
        known = conversions.is_known[self.conversion]
        its = conversions.table.select(list(_ITS)).take(pa.array(self.conversion))
        numbers = {}
        for name in KINDS:
            column = self.columns[name]
            numbers[name] = _money(column, known) if "_revenue_" in name else pa.array(column)
        columns = {
            "conversion_id": its["conversion_id"],
            **self._texts(conversions.table, touches, label),
            "currency": its["currency"],
            "converted_at": its["converted_at"],
            **numbers,
            "inputs_hash": its["inputs_hash"],
        }
        return pa.RecordBatch.from_pydict({n: _whole(column) for n, column in columns.items()})

    def _texts(self, conversions: pa.Table, touches: pa.Table, label: str) -> dict[str, pa.Array]:
        """Each text is taken from those of the touches, behind which is what is told instead."""
        untold = self.touch < 0
        who = conversions.take(pa.array(self.conversion[untold]))
        nothing, labels = [None] * len(who), [label] * len(who)
        instead = {
            "touch_id": pa.array(labels, pa.string()),
            "person_id": who["credited_person_id"],
            "account_id": who["credited_account_id"],
            "campaign_id": pa.array(nothing, pa.string()),
            "channel": pa.array(labels, pa.string()),
            "touched_at": pa.array(nothing, touches.schema.field("touched_at").type),
        }
        at = self.touch.copy()
        at[untold] = len(touches) + np.arange(len(who))
        place = pa.array(at)
        return {
            name: pa.concat_arrays([_whole(touches[name]), _whole(other)]).take(place)
            for name, other in instead.items()
        }


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def ints(column: pa.ChunkedArray) -> Ints:
    """A column of integers; null is 0."""
    whole = pc.fill_null(column, 0) if column.null_count else column
    return np.asarray(whole.to_numpy(), np.int64)


def moments_of(column: pa.ChunkedArray) -> Ints:
    """Microseconds since 1970; null is NEVER."""
    whole = column.cast(pa.int64())
    return np.asarray((pc.fill_null(whole, NEVER) if whole.null_count else whole).to_numpy())


def _money(cents: Ints, known: Flags) -> pa.Array:
    """Cents as DECIMAL(18,2), without being copied; null where the value is not known."""
    valid = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.decimal64(18, 2), len(cents), [valid, pa.py_buffer(cents)])
