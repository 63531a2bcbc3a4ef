"""Normal forms of declared identifiers, a whole column at a time.

`identity/normalise.py` says what a normal form is. Where its answer can be seen from the text it is
worked out for the column at once; every other value goes to it, once per distinct value.
"""

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.records import Bools
from ingestion.sources import Column, Table

BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What `str.strip` takes away; Arrow's own notion of a blank is another one."""

_MANY = 50
"""Numbers of one calling code that are worth the patterns of its numbering plan."""

Normalise = Callable[[str, str, str | None], str | None]
"""(identifier type, value, region) -> normal form, None when the value has none."""


def add_normal_forms(rows: pa.Table, table: Table) -> pa.Table:
    """Add `_normal_<column>` for the identifiers that have one; null where there is no normal form.

    A cell that holds several identifiers keeps its declared separator between their normal forms.
    """
    for column in table.columns:
        if column.normal:
            rows = rows.append_column(column.normal, column_forms(rows, column))
    return rows


def normal_forms(id_type: str, values: pa.Array, regions: pa.Array | None = None) -> pa.Array:
    """`identity.normalise.normalise` of each value, null for null and for None.

    `values`, `regions` and the result are string arrays of one length.
    """
    from identity.normalise import RULES

    filled = pc.fill_null(pc.not_equal(values, ""), False)
    if 2 * filled.true_count < len(values):
        asked = regions.filter(filled) if regions is not None else None
        forms = normal_forms(id_type, values.filter(filled), asked)
        return pc.replace_with_mask(pa.nulls(len(values), pa.string()), filled, forms)
    text = pc.utf8_trim(values, characters=BLANKS)
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    if id_type not in RULES:
        return text
    if id_type == "email":
        known, unknown = _plain_emails(text)
    elif id_type == "phone":
        known, unknown = _plain_phones(text)
    else:
        known, unknown = pa.nulls(len(text), pa.string()), text.is_valid()
    if not unknown.true_count:
        return known
    asked = regions.filter(unknown) if regions is not None else None
    return pc.replace_with_mask(known, unknown, _ask(id_type, text.filter(unknown), asked))


def parts(cells: pa.Array, separator: str) -> tuple[pa.Array, pa.Array]:
    """The identifiers in each cell, and the index of the cell that each stands in."""
    if not separator:
        return cells, pa.array(np.arange(len(cells)))
    lists = pc.split_pattern(cells, separator)
    return lists.flatten(), pc.list_parent_indices(lists)


def column_forms(rows: pa.Table, column: Column) -> pa.Array:
    """Normal forms of a declared identifier's column; nulls where the file does not have it."""
    if column.name not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.string())
    cells = _texts(rows, column.name)
    regions = _texts(rows, column.region_from) if column.region_from in rows.column_names else None
    if not column.separator:
        return normal_forms(column.identifier, cells, regions)
    values, owners = parts(cells, column.separator)
    regions = regions.take(owners) if regions is not None else None
    forms = normal_forms(column.identifier, values, regions)
    return _joined(forms, owners, len(cells), column.separator)


def _texts(rows: pa.Table, name: str) -> pa.Array:
    return rows[name].cast(pa.string()).combine_chunks()


def _joined(forms: pa.Array, owners: pa.Array, cells: int, separator: str) -> pa.Array:
    """The forms of each cell in one text again, null for a cell without any."""
    found = owners.filter(forms.is_valid()).to_numpy()
    ends = np.concatenate([[0], np.cumsum(np.bincount(found, minlength=cells))])
    lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), forms.drop_null())
    joined = pc.binary_join(lists, separator)
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def _plain_emails(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Normal forms of the addresses that are plain, and which texts are left to be asked about."""
    from identity.normalise import PLAIN_EMAIL, PLAIN_EMAIL_BYTES

    lower = pc.ascii_lower(text)
    plain = pc.and_(
        pc.match_substring_regex(lower, PLAIN_EMAIL),
        pc.and_not(
            pc.less_equal(pc.binary_length(lower), PLAIN_EMAIL_BYTES), pc.ends_with(lower, ".arpa")
        ),
    )
    known = pc.if_else(plain, lower, pa.scalar(None, pa.string()))
    return known, pc.fill_null(pc.and_not(pc.match_substring(text, "@"), plain), False)


def _plain_phones(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Normal forms of the numbers that are their own, and which texts are left to ask about."""
    from identity.phone_plans import E164, plans

    written = pc.fill_null(pc.match_substring_regex(text, E164), False)
    places = np.flatnonzero(written.to_numpy(zero_copy_only=False))
    digits = pc.utf8_slice_codeunits(text.take(pa.array(places)), 1)
    plain = np.zeros(len(text), np.bool_)
    for length in (1, 2, 3):
        begins = pc.utf8_slice_codeunits(digits, 0, length).cast(pa.int16()).to_numpy()
        codes, counts = np.unique(begins, return_counts=True)
        for code in codes[(counts >= _MANY) & np.isin(codes, list(plans()))].tolist():
            ours = begins == code
            nationals = pc.utf8_slice_codeunits(digits.filter(pa.array(ours)), length)
            plain[places[ours]] = _in_plan(nationals, code)
    known = pc.if_else(pa.array(plain), text, pa.scalar(None, pa.string()))
    return known, pc.and_(text.is_valid(), pa.array(~plain))


def _in_plan(nationals: pa.Array, code: int) -> Bools:
    """Which national numbers are valid behind this calling code, and need no change."""
    from identity.phone_plans import plan

    found = plan(code)
    valid = np.zeros(len(nationals), np.bool_)
    for described, kinds in found.regions:
        of_region = np.zeros(len(nationals), np.bool_)
        for kind in kinds:
            of_region |= _matches(nationals, *kind)
        valid |= of_region & _matches(nationals, *described)
    return valid & ~_matches(nationals, found.doubtful)


def _matches(texts: pa.Array, pattern: str, lengths: tuple[int, ...] = ()) -> Bools:
    """Which texts match, and have one of the lengths where there are some."""
    found: Bools = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found & np.isin(pc.binary_length(texts), lengths) if lengths else found


def _ask(id_type: str, values: pa.Array, regions: pa.Array | None) -> pa.Array:
    """The function's answers, asked once per distinct (value, region)."""
    answer = _remembered()
    value = values.dictionary_encode()
    if regions is None:
        forms = [answer(id_type, text, None) for text in value.dictionary.to_pylist()]
        return pa.array(forms, pa.string()).take(value.indices)
    region = pc.fill_null(pc.utf8_trim(regions, characters=BLANKS), "").dictionary_encode()
    texts, places = value.dictionary.to_pylist(), region.dictionary.to_pylist()
    codes = value.indices.to_numpy().astype(np.int64) * len(places) + region.indices.to_numpy()
    pairs, inverse = np.unique(codes, return_inverse=True)
    known = zip((pairs // len(places)).tolist(), (pairs % len(places)).tolist(), strict=True)
    forms = [answer(id_type, texts[v], places[r] or None) for v, r in known]
    return pa.array(forms, pa.string()).take(pa.array(inverse))


@cache
def _remembered() -> Normalise:
    """The identity room's function; the same values come again in the next block and file."""
    from identity.normalise import normalise

    return lru_cache(maxsize=500_000)(normalise)
