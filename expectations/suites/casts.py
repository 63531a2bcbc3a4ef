"""Type drift: texts of the exports that staging could not read as what they should be."""

from datetime import datetime

from expectations.checks import BATCH, Batch, Check, at_most, rows
from expectations.rules import Rules, limit

TABLE = "quality.cast_failures"
COLUMNS = Batch(
    TABLE,
    "select source || '.' || object || '.' || column_name as column_key, "
    f"sum(failed_count) as failed_count from {TABLE} group by all",
    "quality.cast_failures by column",
)
NEWEST = Batch(
    TABLE,
    "select source || '.' || object || '.' || column_name as column_key, row_count, failed_count "
    f"from {TABLE} where is_newest_load",
    "quality.cast_failures of the newest load",
)
FEW = 10
"""So many failures may be a slip of a hand, whatever share of a small file they are."""


def checks(rules: Rules, as_of: datetime) -> list[Check]:
    """A failed cast is never silent; a column of the newest export that fails as a rule blocks."""
    share = limit(rules, "casts_of_newest_load")
    return [
        rows(
            "casts_without_failure",
            COLUMNS,
            "Every column is read without a failed cast.",
            f"select column_key as row_key from {BATCH} where failed_count > 0",
        ),
        at_most(
            "casts_of_newest_load",
            NEWEST,
            f"No column of a table's newest export fails in {FEW} texts or more and in more than "
            f"{share:.0%} of them.",
            "select column_key as row_key, failed_count / row_count as size "
            f"from {BATCH} where failed_count >= {FEW}",
            share,
        ),
    ]
