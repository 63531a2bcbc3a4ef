"""What the README says is true: its commands run, its paths exist, its answers answer."""

import csv
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import onefold
from ops.run import WEBHOOK
from warehouse.settings import Settings

ALERTS = "AIRFLOW_CONN_ONEFOLD_ALERTS"
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
WRITES = {"onefold run"}
"""Commands that the sample run itself covers; everything else runs here."""
RULES = ROOT / "seeds" / "rules"


def blocks() -> str:
    """All code blocks."""
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```", README, flags=re.M | re.S))


def rows(heading: str) -> dict[str, str]:
    """A table under a heading: first cell to second."""
    section = README.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    cells = [line.strip("| ").split(" | ", 1) for line in section.splitlines() if "|" in line]
    return dict(cells[2:])  # type: ignore[arg-type]


def quoted(cell: str) -> list[str]:
    """The words in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def paths(cell: str) -> list[str]:
    """The files and folders a cell names, the short ones completed by the folder before them."""
    found: list[str] = []
    for word in quoted(cell):
        if word.startswith(("onefold", "select")) or not re.search(r"/|\.(csv|yml|py|md)$", word):
            continue
        folder = found[-1].rpartition("/")[0] if found and "/" not in word else ""
        found.append(f"{folder}/{word}" if folder else word)
    return found


COMMANDS = [
    line.strip()
    for line in blocks().splitlines()
    if line.startswith("onefold ") and line.strip() not in WRITES
]
ANSWERS, ROOMS = rows("Where is …?"), rows("Rooms")


@pytest.fixture
def command(
    sample_copy: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], tuple[int, str]]:
    """Run a console command in this process on a copy of the sample: (exit code, output)."""
    monkeypatch.setenv("ONEFOLD_HOME", str(sample_copy.home))
    monkeypatch.delenv("ONEFOLD_AS_OF", raising=False)
    monkeypatch.delenv("ONEFOLD_LANDING", raising=False)
    monkeypatch.chdir(ROOT)

    def run(line: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as ended:
            onefold.main()
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


@pytest.fixture(scope="module")
def person(sample_run: Any) -> tuple[str, str]:
    """(person id, e-mail) of somebody that a sync decided on."""
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as con:
        row = con.execute(
            "select person_id, id_value from identity.identifiers "
            "where id_type = 'email' and person_id in (select person_id from state.sync_ledger) "
            "order by id_value limit 1"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_every_make_target_exists() -> None:
    code = "\n".join([blocks(), *quoted(README.replace("```", ""))])
    named = set(re.findall(r"^make ([a-z0-9-]+)", code, flags=re.M))
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, flags=re.M))
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.M)[0].split())
    assert {"run", "test", "up"} <= named
    assert named <= targets
    assert phony == targets


def test_make_run_is_the_run_of_the_sample() -> None:
    recipe = re.search(r"^run: .*?; (.*)$", MAKEFILE, flags=re.M)
    assert recipe is not None
    assert recipe[1] == "$(BIN)/onefold run --sample"


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_runs(command: Callable[[str], tuple[int, str]], line: str) -> None:
    code, said = command(line)
    assert code == 0, said
    assert said


def test_the_commands_were_found() -> None:
    assert len(COMMANDS) > 4
    assert blocks().count("onefold ") - blocks().count("onefold run") == len(COMMANDS)


@pytest.mark.parametrize("question", ANSWERS)
def test_every_path_of_an_answer_exists(question: str) -> None:
    for path in paths(ANSWERS[question]):
        pattern = re.sub(r"<\w+>", "*", path)
        assert list(ROOT.glob(pattern)), path


def test_the_paths_were_found() -> None:
    found = [path for cell in ANSWERS.values() for path in paths(cell)]
    assert len(found) > 15
    assert "seeds/rules/utm_synonyms.csv" in found


def test_the_rooms_are_the_folders() -> None:
    named = {name for cell in ROOMS for name in quoted(cell)}
    kept = {"tests/", "docs/", "data/"}
    assert named == {
        f"{folder.name}/"
        for folder in ROOT.iterdir()
        if folder.is_dir() and (folder / "__init__.py").exists() | (folder.name in
        ("dags", "dbt_project", "seeds"))
    } - kept  # fmt: skip
    assert {f"{room}/" for room in onefold.ROOMS} <= named


def test_the_picture_names_rooms_that_exist() -> None:
    drawn = set(re.findall(r"\b([a-z]+)/(?=\s|$|\+)", blocks().split("## ", 1)[0]))
    assert drawn
    assert all((ROOT / name).is_dir() for name in drawn)


@pytest.mark.parametrize(
    "table", ["ops.sync_ledger", "ops.loads", "ops.rejects", "quality.results"]
)
def test_every_table_of_an_answer_is_there_for_bi_too(sample_run: Any, table: str) -> None:
    assert table in " ".join(ANSWERS.values())
    for file in ("warehouse.duckdb", "published/onefold.duckdb"):
        with duckdb.connect(str(sample_run.home / file), read_only=True) as con:
            assert con.execute(f"select count(*) from {table}").fetchone()


def test_the_u_shaped_formula_is_where_it_says() -> None:
    formula, rules = paths(ANSWERS["the U-shaped formula"])
    words = ("def weights(", "other_weight", '"first": "first_weight"', '"last": "last_weight"')
    assert all(word in (ROOT / formula).read_text() for word in words)
    with (ROOT / rules).open() as file:
        row = next(row for row in csv.DictReader(file) if row["model"] == "u_shaped")
    weights = [float(row[f"{name}_weight"]) for name in ("first", "other", "last")]
    assert weights == [0.4, 0.2, 0.4]
    assert "40/20/40" in ANSWERS["the U-shaped formula"]


def test_the_rules_are_where_they_say() -> None:
    def header(name: str) -> set[str]:
        with (RULES / name).open() as file:
            return set(next(csv.reader(file)))

    assert "value" in header("utm_values.csv")
    assert {"value", "canonical"} <= header("utm_synonyms.csv")
    assert {"level", "limit_value"} <= header("gate_rules.csv")
    assert "utm_" in (RULES / "gate_rules.csv").read_text()
    assert "channel" in header("channel_rules.csv")
    assert {name for name in header("conversion_types.csv") if "lookback" in name}
    assert "currency" in header("fx_rates.csv")
    assert {"pattern", "reason"} <= header("identity_blocked_values.csv")
    assert "local_part" in header("identity_role_mailboxes.csv")
    assert "max_per_person" in header("identity_id_types.csv")


def test_a_source_and_a_destination_are_added_where_it_says() -> None:
    source, destination = ANSWERS["how do I add a source"], ANSWERS["how do I add a destination"]
    assert "dbt_project/models/staging/" in (ROOT / paths(source)[0]).read_text()
    guide = (ROOT / paths(destination)[0]).read_text()
    assert "activation/destinations/" in guide
    assert "syncs.yml" in guide
    syncs = yaml.safe_load((ROOT / "activation" / "syncs.yml").read_text())
    used = {sync["destination"] for sync in syncs["syncs"].values()}
    assert used
    assert all((ROOT / "activation" / "destinations" / f"{name}.py").exists() for name in used)


@pytest.mark.parametrize("question", ["who is this person", "why was this person not sent"])
def test_a_person_can_be_asked_for_by_id_and_by_email(
    command: Callable[[str], tuple[int, str]], person: tuple[str, str], question: str
) -> None:
    line = next(q for q in quoted(ANSWERS[question]) if q.startswith("onefold "))
    for name in (person[0], f"email:{person[1]}"):
        code, said = command(line.replace("PERSON", name))
        assert code == 0, said
        assert person[0] in said


def test_the_quality_report_is_where_the_final_table_says(sample_run: Any) -> None:
    assert "final table" in ANSWERS["what blocked the run"]
    look = sample_run.summary["look"]
    files = [Path(place) for place in look.values() if not place.startswith("http")]
    assert {"published file", "quality report", "dbt docs"} <= set(look)
    assert all(file.is_relative_to(sample_run.home) and file.stat().st_size for file in files)


def test_the_order_is_in_the_dag_and_the_work_in_the_stages() -> None:
    dag, stages = (
        (ROOT / path).read_text() for path in paths(ANSWERS["in which order things run"])
    )
    called = set(re.findall(r"\bstages\.(\w+)\(", dag))
    assert {"ingest", "publish", "report"} <= called
    assert called <= set(re.findall(r"^def ([a-z]\w*)\(", stages, flags=re.M))


def test_decisions_are_numbered_without_gaps_and_titled_by_number() -> None:
    files = sorted((ROOT / "docs" / "decisions").iterdir())
    assert len(files) > 3
    assert [f.name[:5] for f in files] == [f"{n:04}-" for n in range(1, len(files) + 1)]
    for number, file in enumerate(files, 1):
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", file.name)
        assert file.read_text().startswith(f"# {number}. "), file.name


def test_env_example_holds_real_variables_with_their_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = (ROOT / ".env.example").read_text()
    named = dict(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=(.*)$", text, flags=re.M))
    assert len(named) > 5
    known = {f"ONEFOLD_{field.upper()}": field for field in Settings.model_fields}
    assert set(named) == {*known, WEBHOOK, ALERTS}
    monkeypatch.chdir(ROOT)
    for name in known:
        monkeypatch.delenv(name, raising=False)
    defaults = Settings()
    for name, field in known.items():
        monkeypatch.setenv(name, named[name])
        assert getattr(Settings(), field) == getattr(defaults, field), name
        monkeypatch.delenv(name)
    assert (
        WEBHOOK.removeprefix("AIRFLOW_CONN_").lower()
        in (ROOT / "activation" / "syncs.yml").read_text()
    )
