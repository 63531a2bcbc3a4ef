"""Watched: each run leaves its figures, and the gate stops a change that nobody could mean.

The sample's people, resolved by the real run, live through four more days: 80 contacts come with
one switchboard's number; a rule lets shared values join everybody; one contact more comes; the rule
is as it was.
"""

import csv
import json
import math
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import networkx
import pytest

from expectations.gates import gate_marts
from expectations.verdicts import GateVerdict
from identity.step import resolve
from ops.stages import EVIDENCE, PEOPLE
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import settings

Covered = Callable[[str], None]

# What this story asks the gate; the marts are not built anew each day.
WATCHED = {
    "edges_within_one_person", "largest_person_plausible", "person_churn_plausible",
    "person_size_plausible", "refused_merges_plausible",
}  # fmt: skip

# Contacts more, each at an address that one person has already.
MORE = """
insert into staging.stg_hubspot__contacts
select contacts.* replace (
    '{0}-' || row_number() over (order by hubspot_contact_id) as hubspot_contact_id,
    {1} as phone)
from staging.stg_hubspot__contacts as contacts
inner join identity.identifiers on id_type = 'email' and id_value = contacts.email
where not is_deleted and first_name is not null and last_name is not null
order by contacts.hubspot_contact_id {2}
"""
EVERYBODY = (
    "update rules.identity_id_types set max_names_per_value = null, max_strong_ids_per_value = null"
)
DAYS = {
    "normal day": MORE.format("desk", "'+14155552671'", "limit 80"),
    "blob": f"create table main.kept as from rules.identity_id_types; {EVERYBODY}",
    "day after": MORE.format("late", "null", "desc limit 1"),
    "undone": "create or replace table rules.identity_id_types as from main.kept",
}


class Day(NamedTuple):
    """Who was whose at the end of a day, how many joins in how many components were refused, the
    figures it left and what the gate said."""

    owners: dict[tuple[str, ...], str]
    refused: tuple[int, int]
    metrics: dict[str, float]
    verdict: GateVerdict

    @property
    def blocked(self) -> set[str]:
        """What the gate says is not plausible."""
        return WATCHED & {
            r.expectation_id for r in self.verdict.results if r.status in ("blocked", "error")
        }

    @property
    def churn(self) -> float | None:
        """The churn that the gate saw."""
        (found,) = (
            r.observed for r in self.verdict.results if r.expectation_id == "person_churn_plausible"
        )
        return found

    @property
    def groups(self) -> set[frozenset[tuple[str, ...]]]:
        """Which records are together."""
        found = defaultdict(set)
        for record, person in self.owners.items():
            found[person].add(record)
        return {frozenset(records) for records in found.values()}


@pytest.fixture(scope="module")
def days(sample_copy: Any) -> Iterator[dict[str, Day]]:
    """Every day of the story, by name, the sample's own run first."""
    as_of = sample_copy.summary["as_of"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(sample_copy.home))
        found = {"sample": _look(gate_marts(sample_copy.summary["run_id"], as_of))}
        for name, change in DAYS.items():
            with connect("test") as con:
                con.execute(change)
            build(EVIDENCE, vars={"as_of": as_of})
            resolve(as_of, name)
            build(PEOPLE, vars={"as_of": as_of})
            found[name] = _look(gate_marts(name, as_of))
        yield found


def _look(verdict: GateVerdict) -> Day:
    with connect("test") as con:
        records = con.execute(
            "select source, record_type, record_id, person_id from state.person_records"
        ).fetchall()
        metrics = con.execute(
            "select metric, value from identity.metrics "
            "where run_number = (select max(run_number) from identity.runs)"
        ).fetchall()
        ends = con.execute(
            "select source, record_type, record_id from state.refused_merges"
        ).fetchall()
        links = con.execute(
            "select id_type, id_value, scope, source, record_type, record_id "
            "from identity.edges where is_linking and is_current"
        ).fetchall()
    graph = networkx.Graph([(row[:3], ("record", *row[3:])) for row in links])
    conflicts = {
        min(node for node in networkx.node_connected_component(graph, ("record", *end)))
        for end in set(ends)
    }
    owners = {row[:3]: row[3] for row in records}
    return Day(owners, (len(ends), len(conflicts)), dict(metrics), verdict)


def _moved(before: Day, after: Day) -> int:
    """Records of both days under another person."""
    both = before.owners.keys() & after.owners.keys()
    return sum(before.owners[record] != after.owners[record] for record in both)


def _sizes(day: Day) -> list[int]:
    return sorted(Counter(day.owners.values()).values())


def _quantile(sizes: list[int], share: float) -> int:
    return sizes[math.ceil(share * len(sizes)) - 1]


def _b_cubed(day: Day, truth: Mapping[tuple[str, ...], str]) -> tuple[float, float]:
    """Precision and recall record by record, over the records of the truth."""
    found = {record: day.owners.get(record, "\0".join(record)) for record in truth}
    clusters, people = defaultdict(set), defaultdict(set)
    for record, person in truth.items():
        clusters[found[record]].add(record)
        people[person].add(record)
    shares = [
        (len(mine & whole) / len(mine), len(mine & whole) / len(whole))
        for record, person in truth.items()
        for mine, whole in [(clusters[found[record]], people[person])]
    ]
    return tuple(sum(side) / len(shares) for side in zip(*shares, strict=True))  # type: ignore[return-value]


def test_churn_and_sizes_are_those_of_an_independent_count(
    days: dict[str, Day], covered: Covered
) -> None:
    for before, after in zip(list(days.values())[:-1], list(days.values())[1:], strict=True):
        moved = _moved(before, after)
        assert after.metrics["moved_records"] == moved
        assert after.metrics["churn"] == pytest.approx(moved / len(before.owners))
        assert after.metrics["new_records"] == len(after.owners.keys() - before.owners.keys())
    for day in days.values():
        sizes = _sizes(day)
        assert (day.metrics["records"], day.metrics["people"]) == (sum(sizes), len(sizes))
        assert (day.metrics["singles"], day.metrics["largest"]) == (sizes.count(1), sizes[-1])
        for percent in (50, 90, 99):
            assert day.metrics[f"size_p{percent}"] == _quantile(sizes, percent / 100)
    first, normal, blob = (days[name].metrics for name in ("sample", "normal day", "blob"))
    assert "churn" not in first
    covered(
        f"{first['people']:,.0f} people of {first['records']:,.0f} records, churn "
        f"{normal['churn']:.1%}, then {blob['churn']:.1%}"
    )


def test_conflicts_and_refused_merges_are_counted(days: dict[str, Day], covered: Covered) -> None:
    for day in days.values():
        assert (day.metrics["refused"], day.metrics["conflicts"]) == day.refused
    blob = days["blob"]
    assert blob.metrics["refused_new"] == blob.refused[0] > days["normal day"].refused[0]
    covered(f"{blob.refused[0]} refused in {blob.refused[1]} conflicts")


def test_precision_recall_and_b_cubed_where_labels_exist(
    days: dict[str, Day], sample_run: Any, covered: Covered
) -> None:
    with (settings().truth / "records.csv").open(encoding="utf-8") as file:
        truth = {
            (r["source"], r["record_type"], r["record_id"]): r["person"]
            for r in csv.DictReader(file)
        }
    for name in ("sample", "blob"):
        found = days[name].metrics
        precision, recall = _b_cubed(days[name], truth)
        assert found["bcubed_precision"] == pytest.approx(precision)
        assert found["bcubed_recall"] == pytest.approx(recall)
        assert found["bcubed_f1"] == pytest.approx(2 / (1 / precision + 1 / recall))
    first, blob = days["sample"].metrics, days["blob"].metrics
    said = sample_run.summary["people"]
    assert (round(first["precision"], 4), round(first["recall"], 4)) == (
        said["precision"], said["recall"],
    )  # fmt: skip
    assert blob["precision"] < first["precision"]
    covered(f"F1 {first['f1']:.4f}, B-cubed F1 {first['bcubed_f1']:.4f}; as a blob "
            f"{blob['f1']:.4f} and {blob['bcubed_f1']:.4f}")  # fmt: skip


def test_a_normal_day_passes(days: dict[str, Day], covered: Covered) -> None:
    assert days["sample"].verdict.status in ("passed", "warned", "quarantined")
    found = [name for name, day in days.items() if not day.blocked]
    assert found == ["sample", "normal day", "undone"]
    assert days["normal day"].metrics["new_records"] == 80
    covered(f"{len(found)} of {len(days)} runs")


def test_a_blob_stops_at_the_gate(days: dict[str, Day], covered: Covered) -> None:
    normal, blob = days["normal day"], days["blob"]
    assert "person_churn_plausible" in blob.blocked
    assert blob.churn == pytest.approx(_moved(normal, blob) / len(normal.owners))
    said = [line for line in blob.verdict.problems if line.split(":")[0] in WATCHED]
    assert said
    assert not any(word in " ".join(said) for word in ("@", "p_", "+1"))
    covered(", ".join(sorted(blob.blocked)))


def test_a_blob_that_was_stopped_does_not_pass_the_day_after(
    days: dict[str, Day], covered: Covered
) -> None:
    after = days["day after"]
    assert (after.metrics["new_records"], after.metrics["moved_records"]) == (1, 0)
    assert "person_churn_plausible" in after.blocked
    assert after.churn == days["blob"].churn
    covered(f"{after.metrics['churn']:.1%} churn since the day before, {after.churn:.1%} "
            "since it last passed")  # fmt: skip


def test_a_blob_that_was_undone_is_measured_by_what_last_left(
    days: dict[str, Day], covered: Covered
) -> None:
    normal, undone = days["normal day"], days["undone"]
    parts = {frozenset(r for r in part if not r[2].startswith("late-")) for part in undone.groups}
    assert parts == normal.groups
    assert undone.metrics["moved_records"] > _moved(normal, undone)
    assert undone.churn == pytest.approx(_moved(normal, undone) / len(normal.owners))
    covered(f"{undone.metrics['churn']:.1%} churn since the day before, {undone.churn:.1%} "
            "since it last passed")  # fmt: skip


def test_status_shows_the_last_runs(
    days: dict[str, Day],
    sample_copy: Any,
    run_onefold: Callable[..., subprocess.CompletedProcess[str]],
    covered: Covered,
) -> None:
    home: Path = sample_copy.home
    result = run_onefold(["identity", "status", "--json"], home)
    assert result.returncode == 0, result.stderr
    runs = json.loads(result.stdout)
    assert [run["metrics"] for run in runs] == [day.metrics for day in days.values()]
    assert [run["run_id"] for run in runs][1:] == list(DAYS)
    result = run_onefold(["identity", "status", "--runs", "2"], home)
    heads, *lines = result.stdout.splitlines()
    assert heads.split() == ["run", "4", "run", "5"]
    table = {line.split()[0]: line.split()[1:] for line in lines}
    assert table["moved_records"] == ["0", f"{days['undone'].metrics['moved_records']:,.0f}"]
    covered(f"{len(runs)} runs, {len(runs[-1]['metrics'])} figures")


def test_the_published_file_has_the_figures(sample_run: Any, covered: Covered) -> None:
    with duckdb.connect(str(sample_run.home / "published" / "onefold.duckdb"), read_only=True) as c:
        rows = c.execute("select metric, value from quality.identity_metrics").fetchall()
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as c:
        assert sorted(rows) == sorted(
            c.execute("select metric, value from state.identity_metrics").fetchall()
        )
    covered(f"{len(rows)} figures of 1 run")
