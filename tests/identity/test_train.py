"""Training on a warehouse: numbered files, the same model from the same records, clear refusals."""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner, Result

from identity.commands import register
from identity.errors import IdentityError
from identity.linkage.train import active_model, newest_model, read_model, similar_pairs
from warehouse.connection import connect

_SEED = 3
_FIRST = ["ann", "bob", "cy", "dora", "emil", "fay", "gus", "hana", "ivo", "jill"]
_LAST = ["oak", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "pine", "rowan"]
_VALUES = "source text, record_type text, record_id text, attribute text, attribute_value text"


def _run(*words: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["identity", "train", *words])


@pytest.fixture(scope="module")
def trained(
    module_home: Path, warehouse_with: Callable[..., None]
) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """100 people with three records each, one of them misspelt, and the first two answers."""
    rng = random.Random(_SEED)
    records: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    for number in range(300):
        person = number // 3
        first, last = _FIRST[person % 10], _LAST[person // 10]
        key = {"source": "hubspot", "record_type": "contact", "record_id": f"{number:03d}"}
        spelt = {"first_name": first, "last_name": last[1:] if number % 3 == 2 else last}
        records.append({**key, **spelt})
        said = {
            **spelt,
            "email": f"{first}.{last}@x{person % 7}.example" if number % 3 != 1 else None,
            "phone": f"+4912345{person:05d}" if rng.random() < 0.8 else None,
            "company_name": f"company {person % 7}",
            "country": "DE",
        }
        values += [{**key, "attribute": k, "attribute_value": v} for k, v in said.items() if v]
    columns = "source text, record_type text, record_id text, first_name text, last_name text"
    warehouse_with(
        {
            "identity.int_identity__records": (columns, records),
            "marts.int_people__hubspot_values": (_VALUES, values),
            "marts.int_people__contact_values": (_VALUES, []),
            "marts.int_people__lead_values": (_VALUES, []),
            "marts.int_people__web_values": (_VALUES, []),
        }
    )
    dry, first_run = _run("--dry-run", "--json"), _run("--json")
    assert dry.exit_code == first_run.exit_code == 0, dry.stderr + first_run.stderr
    return module_home, json.loads(dry.stdout), json.loads(first_run.stdout)


def test_a_model_is_a_numbered_file_and_a_dry_run_writes_none(
    trained: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    home, dry, first = trained
    assert (dry["written"], first["written"]) == (False, True)
    assert dry["hash"] == first["hash"]
    assert newest_model() == home / "models" / "identity-0001.json"
    stored = json.loads((home / "models" / "identity-0001.json").read_text())
    assert stored["version"] == "identity-0001"
    assert stored["counts"]["records"] == first["records"] == 300
    assert stored["library"]["splink"]
    # What was learnt names no one.
    assert not [name for name in _FIRST[3:] if name in json.dumps(stored)]


def test_the_same_records_need_no_new_file(
    trained: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    home, _, _ = trained
    result = _run()
    assert "identity-0001  already there" in result.stdout
    assert [path.name for path in (home / "models").iterdir()] == ["identity-0001.json"]


def test_similar_pairs_are_of_one_person(
    trained: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    model = newest_model()
    assert model is not None
    with connect("test", read_only=True) as con:
        pairs = similar_pairs(con, model)
    assert pairs.column_names[:3] == ["source", "record_type", "record_id"]
    likely = pairs.filter(pa.compute.greater_equal(pairs["probability"], 0.5)).to_pylist()
    right = [int(p["record_id"]) // 3 == int(p["other_record_id"]) // 3 for p in likely]
    assert len(likely) > 150
    assert sum(right) / len(right) > 0.95
    assert all(p["record_id"] < p["other_record_id"] for p in likely)


def test_a_setting_says_which_model_counts(
    trained: tuple[Path, dict[str, Any], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert active_model() is None
    for name in ("latest", "identity-0001"):
        monkeypatch.setenv("ONEFOLD_IDENTITY_MODEL", name)
        assert active_model() == newest_model()
    monkeypatch.setenv("ONEFOLD_IDENTITY_MODEL", "identity-0007")
    with pytest.raises(IdentityError, match="got identity-0007, have identity-0001"):
        active_model()


def test_a_model_that_was_changed_is_refused(
    trained: tuple[Path, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    home, _, _ = trained
    stored = json.loads((home / "models" / "identity-0001.json").read_text())
    stored["cut"]["bits"] -= 1
    changed = tmp_path / "identity-0001.json"
    changed.write_text(json.dumps(stored))
    with pytest.raises(IdentityError, match="got another content"):
        read_model(changed)
    changed.write_text("{}")
    with pytest.raises(IdentityError, match="got something else"):
        read_model(changed)
    with pytest.raises(IdentityError, match="found none"):
        read_model(tmp_path / "identity-0002.json")


def test_without_splink_it_says_what_to_install(
    trained: tuple[Path, dict[str, Any], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    result = _run()
    assert result.exit_code == 2
    assert r"uv pip install -e '.[linkage]'" in result.stderr


def test_without_records_it_says_what_to_do(home: Path) -> None:
    with connect("test set-up"):
        pass
    result = _run()
    assert result.exit_code == 2
    assert "found none yet; run `onefold run`" in result.stderr
