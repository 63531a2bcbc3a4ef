"""dbt runs in this process, says what failed without personal data, and lets go of the file."""

import json
import shutil
from pathlib import Path

import pytest

from warehouse.connection import connect, lock
from warehouse.dbt import DbtResult, build, common
from warehouse.errors import DbtFailed
from warehouse.settings import PROJECT_ROOT, Settings, settings

FILES = {
    "dbt_project.yml": "{name: tiny, profile: onefold, models: {+materialized: table}}",
    "models/good.sql": "select '{{ var('as_of', 'unset') }}' as as_of",
    "models/after.sql": "select * from {{ ref('good') }}",
    "models/unknown.sql": "select * from marts.nowhere",
    "models/personal.sql": "select cast('ann' || '@example.org' as integer) as a",
    "models/models.yml": json.dumps(
        {"models": [{"name": "good", "columns": [{"name": "as_of", "data_tests": [
            {"accepted_values": {"arguments": {"values": ["then"]}}}]}]}]}
    ),
}  # fmt: skip


class Tiny(Settings):
    """A deployment whose dbt project is a folder under home, so that it parses at once."""

    @property
    def dbt_project(self) -> Path:
        """A folder under home instead of the real project."""
        return self.home / "project"


def write_project(s: Tiny, files: dict[str, str]) -> Tiny:
    """Put `files` and the real profile where `s` looks for its project."""
    (s.dbt_project / "models").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (s.dbt_project / name).write_text(text)
    shutil.copyfile(PROJECT_ROOT / "dbt_project" / "profiles.yml", s.dbt_project / "profiles.yml")
    return s


@pytest.fixture(scope="module")
def tiny(module_home: Path) -> Tiny:
    return write_project(Tiny(), FILES)


@pytest.fixture(scope="module")
def built(tiny: Tiny) -> DbtResult:
    return build("+after", vars={"as_of": "then"}, s=tiny)


def test_the_result_names_what_was_built_and_tested(built: DbtResult) -> None:
    found = [(n.resource_type, n.status) for n in built.nodes]
    assert sorted(found) == [("model", "success"), ("model", "success"), ("test", "pass")]
    assert [n.name for n in built.of("success")] == ["good", "after"]
    assert built.of("error", "fail") == []


def test_the_warehouse_is_free_afterwards_and_holds_the_models(built: DbtResult) -> None:
    with connect("test", read_only=True) as con:
        assert con.execute("select as_of from after").fetchall() == [("then",)]


def test_exclude_and_command_narrow_the_build(built: DbtResult, tiny: Tiny) -> None:
    nodes = build("+after", command="run", exclude="after", vars={"as_of": "now"}, s=tiny).nodes
    assert [n.name for n in nodes] == ["good"]


def test_everything_dbt_writes_is_in_the_home(built: DbtResult, tiny: Tiny) -> None:
    assert (tiny.home / "dbt" / "target" / "partial_parse.msgpack").exists()
    assert (tiny.home / "dbt" / "logs" / "dbt.log").exists()
    assert {f.name for f in tiny.dbt_project.iterdir()} == {
        "models", "dbt_project.yml", "profiles.yml",
    }  # fmt: skip


def test_a_shell_that_queries_metrics_can_build(
    built: DbtResult, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_TARGET", "published")
    assert build("after", command="run", s=tiny).of("success")


def test_a_failed_model_is_named_and_the_warehouse_is_free(tiny: Tiny) -> None:
    with pytest.raises(
        DbtFailed, match=r"1 node\(s\) failed \(unknown: .*nowhere\" does not exist"
    ):
        build("unknown", s=tiny)
    with connect("test") as con:
        assert con.execute("select 1").fetchone() == (1,)


def test_a_failed_data_test_is_named(tiny: Tiny) -> None:
    with pytest.raises(DbtFailed, match=r"1 node\(s\) failed \(accepted_values_good_as_of__then"):
        build("good", vars={"as_of": "now"}, s=tiny)


def test_a_message_quotes_no_value_of_a_row(tiny: Tiny) -> None:
    with pytest.raises(DbtFailed) as raised:
        build("personal", s=tiny)
    message = str(raised.value)
    assert "personal: Runtime Error" in message
    assert "Conversion Error: Could not convert string … to INT32" in message
    assert "ann@" not in message


def test_a_project_that_does_not_parse_says_so(home: Path) -> None:
    broken = write_project(
        Tiny(), FILES | {"models/after.sql": "select * from {{ ref('nobody') }}"}
    )
    with pytest.raises(DbtFailed, match=r"(?s)project does not parse: .*after.*nobody"):
        build("good", s=broken)


def test_dbt_runs_inside_a_lock_that_is_already_held(built: DbtResult, tiny: Tiny) -> None:
    with lock("test", tiny):
        assert build("after", command="run", s=tiny).of("success")


def test_threads_and_folders_follow_the_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEFOLD_THREADS", "7")
    args = common(settings())
    assert args[args.index("--threads") + 1] == "7"
    assert args[args.index("--target-path") + 1] == str(home / "dbt" / "target")


def test_a_key_is_unique_and_the_required_columns_are_there(home: Path) -> None:
    """Three rules are broken: a key twice, a key missing, and a value missing."""
    arguments = {"columns": ["a"], "not_null": ["a", "b"]}
    tested = [{"name": n, "data_tests": [{"unique_key": {"arguments": arguments}}]} for n in
              ("sound", "broken")]  # fmt: skip
    macro = "macros/unique_key.sql"
    s = Tiny()
    (s.dbt_project / "macros").mkdir(parents=True)
    files = {
        "dbt_project.yml": FILES["dbt_project.yml"],
        "models/sound.sql": "select * from (values (1, 'x'), (2, 'x')) as t(a, b)",
        "models/broken.sql": "select * from (values (1, 'x'), (1, 'y'), (2, null), (null, 'z'))"
        " as t(a, b)",
        "models/models.yml": json.dumps({"models": tested}),
        macro: (PROJECT_ROOT / "dbt_project/macros/tests/unique_key.sql").read_text(),
    }
    write_project(s, files)
    assert [n.status for n in build("sound", s=s).nodes] == ["success", "pass"]
    with pytest.raises(DbtFailed, match="Got 3 results"):
        build("broken", s=s)
