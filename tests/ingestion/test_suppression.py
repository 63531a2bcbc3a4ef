"""The source of docs/how_to_add_a_source.md, tested as that page asks."""

EXPORT = """email,type,occurred_at,source
Ann@Example.test,unsubscribe,2026-03-01T10:00:00Z,hubspot
bob@example.test,hard_bounce,2026-03-02T11:30:00Z,mail server
"""


def test_a_suppression_list_lands_as_it_is(land, ingest, query) -> None:
    land("suppression/suppressions.csv", EXPORT)
    load = ingest()["suppression/suppressions.csv"].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("suppressions", 2, 2)
    assert query(
        "select email, _normal_email, type, occurred_at, source, _line "
        "from raw_suppression.suppressions order by _line"
    ) == [
        ("Ann@Example.test", "ann@example.test", "unsubscribe", "2026-03-01T10:00:00Z",
         "hubspot", 2),
        ("bob@example.test", "bob@example.test", "hard_bounce", "2026-03-02T11:30:00Z",
         "mail server", 3),
    ]  # fmt: skip


def test_a_list_without_the_reason_is_refused(land, ingest) -> None:
    land("suppression/suppressions.csv", EXPORT.replace("type,", "", 1))
    found = ingest()["suppression/suppressions.csv"]
    assert found.outcome == "refused"
    assert "missing declared column type" in found.load.message
