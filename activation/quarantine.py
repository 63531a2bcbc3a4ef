"""Records of a plan that the plan gate took out."""

import duckdb

from activation.state import exists


def quarantined_keys(con: duckdb.DuckDBPyConnection, sync: str) -> list[str]:
    """Record keys of the newest plan that gate `plan:<sync>` holds back.

    These are the open violations of level quarantine. The gate names a record by its key, or by
    its person where the key is an address.
    """
    if not exists(con, "state.violations"):
        return []
    rows = con.execute(
        """
        select distinct planned.record_key
        from state.newest_sync_plans as planned
        join state.violations as violations
            on violations.row_key = case
                when contains(planned.record_key, '@') then planned.person_id
                else planned.record_key
            end
        where planned.sync = $sync and violations.gate = 'plan:' || $sync
            and violations.status = 'open' and violations.level = 'quarantine'
        order by all
        """,
        {"sync": sync},
    ).fetchall()
    return [row[0] for row in rows]
