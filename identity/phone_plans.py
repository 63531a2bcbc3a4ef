"""Which numbers in E.164 are their own normal form, seen from the text alone.

libphonenumber parses, judges and formats one number at a time. Where a number is written in E.164,
nothing of it is a prefix to be stripped, and a pattern of its numbering plan matches it, the answer
is the number itself. The patterns are the library's own metadata, and RE2 can read them.
"""

from functools import cache
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

E164 = r"\A\+[1-9][0-9]{5,14}\z"
"""RE2 pattern of a number to look at."""
_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)


class Kind(NamedTuple):
    """Numbers of one kind: all of them match `pattern`; no lengths, any length."""

    pattern: str
    lengths: tuple[int, ...]


class Plan(NamedTuple):
    """The numbering plan behind a calling code, by patterns of the national number.

    A number is valid if it does not match `doubtful` and matches, in one region, its general
    pattern and one of its kinds. Of any other number this says nothing.
    """

    doubtful: str
    regions: tuple[tuple[Kind, tuple[Kind, ...]], ...]


@cache
def plans() -> dict[int, tuple[str, ...]]:
    """Regions by calling code. No code is the beginning of another one."""
    return dict(COUNTRY_CODE_TO_REGION_CODE)


@cache
def plan(code: int) -> Plan:
    """The numbering plan of a calling code that is in `plans`."""
    regions = plans()[code]
    described = (PhoneMetadata.metadata_for_region_or_calling_code(code, r) for r in regions)
    known = [found for found in described if found]
    # A leading zero is kept or stripped by rules of its own; a national prefix is stripped.
    doubtful = ["0", known[0].national_prefix_for_parsing]
    if len(regions) > 1:
        # A region with leading digits claims its numbers before their kind is looked at.
        doubtful += [found.leading_digits for found in known]
        known = [found for found in known if not found.leading_digits]
    return Plan(
        rf"\A(?:{'|'.join(f'(?:{pattern})' for pattern in doubtful if pattern)})",
        tuple((_kind(f.general_desc), _kinds(f)) for f in known if f.general_desc),
    )


def _kinds(found: PhoneMetadata) -> tuple[Kind, ...]:
    described = (getattr(found, name) for name in _KINDS)
    return tuple(_kind(kind) for kind in described if kind and kind.national_number_pattern)


def _kind(described: PhoneNumberDesc) -> Kind:
    lengths = tuple(described.possible_length)
    return Kind(rf"\A(?:{described.national_number_pattern})\z", lengths)
