"""Every source has spoken lately, by the limits of its own YAML."""

from datetime import datetime

from expectations.checks import BATCH, Batch, Check, rows, timestamp
from expectations.rules import Rules
from ingestion.freshness import judged


def checks(rules: Rules, as_of: datetime) -> list[Check]:
    """No source is stale (its error_after), none is late (its warn_after) or cannot be judged.

    A source without any landed file is absent, and neither.
    """
    batch = Batch(
        "ops.source_freshness",
        f"select source, status from ({judged('state.source_freshness', timestamp(as_of))}) "
        "as judged where status != 'absent'",
    )
    return [
        rows(
            "sources_not_stale",
            batch,
            "The last event of every source lies within the error_after of its YAML.",
            f"select source as row_key from {BATCH} where status = 'stale'",
        ),
        rows(
            "sources_not_late",
            batch,
            "The last event of every source lies within the warn_after of its YAML.",
            f"select source as row_key from {BATCH} where status in ('late', 'unknown')",
        ),
    ]
