"""Which values are compared, how alike they may be, and which records are worth comparing."""

from itertools import combinations
from typing import Any

RELATIVES = ("last_name", "street", "city", "region", "postcode", "country", "phone", "company")
"""What families, flatmates and colleagues have in common though they are different people."""
NAMESAKES = ("first_name", "last_name", "email")
"""What people of one name have in common: mailboxes are made of names."""

Level = dict[str, Any]


def comparisons(features: list[str]) -> list[Level]:
    """Splink's settings of one comparison for each feature in use, levels from most to least alike.

    A value that is missing on either side says nothing either way. An equal value says more the
    rarer it is (`tf_adjustment_column`).
    """
    swapped = {"first_name", "last_name"} <= set(features)
    levels = _levels(swapped)
    return [_comparison(name, levels[name]) for name in levels if name in features]


def _levels(swapped: bool) -> dict[str, list[Level]]:
    crossed = (
        [_level("first_name_l = last_name_r or last_name_l = first_name_r")] if swapped else []
    )
    return {
        "first_name": [
            _same("first_name"),
            _level("root_name_l = root_name_r"),
            _similar("first_name", 0.92),
            _similar("first_name", 0.8),
            *crossed,
        ],
        "last_name": [
            _same("last_name"),
            _similar("last_name", 0.92),
            _similar("last_name", 0.8),
            *crossed,
        ],
        "birth": [
            _level("birth_l = birth_r"),
            _typed("birth", 1),
            _typed("birth", 2),
            _level("left(birth_l, 4) = left(birth_r, 4)"),
        ],
        "gender": [_level("gender_l = gender_r")],
        "street": [_same("street"), _similar("street", 0.92), _similar("street", 0.8)],
        "city": [_same("city"), _similar("city", 0.88)],
        "region": [_same("region")],
        "postcode": [_same("postcode"), _typed("postcode", 1)],
        "country": [_same("country")],
        "email": [
            _same("email"),
            _same("mailbox"),
            _similar("email", 0.92),
            _similar("mailbox", 0.88),
        ],
        "phone": [
            _same("phone"),
            _level("right(phone_l, 7) = right(phone_r, 7)"),
            _typed("phone", 1),
        ],
        "company": [_same("company"), _similar("company", 0.9)],
        "occupation": [_same("occupation"), _similar("occupation", 0.9)],
        "national_id": [_same("national_id"), _typed("national_id", 1), _typed("national_id", 2)],
    }


def _comparison(name: str, levels: list[Level]) -> Level:
    nothing = _level(f"{name}_l is null or {name}_r is null", is_null_level=True)
    return {"output_column_name": name, "comparison_levels": [nothing, *levels, _level("ELSE")]}


def _level(condition: str, **more: Any) -> Level:
    return {"sql_condition": condition, "label_for_charts": condition, **more}


def _same(column: str) -> Level:
    return _level(f"{column}_l = {column}_r", tf_adjustment_column=column)


def _similar(column: str, least: float) -> Level:
    return _level(f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}")


def _typed(column: str, slips: int) -> Level:
    """Equal but for slips of the keyboard: a letter more, less, other, or two swapped."""
    return _level(
        f"length({column}_l) = length({column}_r) "
        f"and damerau_levenshtein({column}_l, {column}_r) <= {slips}"
    )


_ALONE = (
    "first_name",
    "last_name",
    "birth",
    "email",
    "mailbox",
    "phone",
    "national_id",
    "street",
    "postcode",
)
_TOGETHER = (
    "root_name",
    "last_name",
    "left(birth, 4)",
    "right(birth, 4)",
    "city",
    "postcode",
    "company",
    "country",
)


def blocking_keys(features: list[str]) -> list[str]:
    """SQL of the keys of which two records must share one to be compared.

    A value alone where it is rare enough, else two together. Swapped names share the
    key of both in the order of the alphabet. Without any such value each feature is a key.
    """
    used = set(features)
    keys = [name for name in _ALONE if name in used]
    usable = [part for part in _TOGETHER if part in used or ("birth" in part and "birth" in used)]
    keys += [
        f"{a} || chr(31) || {b}"
        for a, b in combinations(usable, 2)
        if not ("birth" in a and "birth" in b)
    ]
    if {"first_name", "last_name"} <= used:
        keys.append("least(first_name, last_name) || chr(31) || greatest(first_name, last_name)")
    return keys or features
