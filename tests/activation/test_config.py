"""syncs.yml says what each sync needs, or says what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from activation.config import find_sync, load_syncs, parse_sync
from activation.destinations import available, open_destination
from activation.errors import SyncConfigError
from warehouse.settings import PROJECT_ROOT

ENTRY: dict[str, Any] = {
    "description": "A list.",
    "owner": "tests",
    "model": "sync_csv_file__list",
    "destination": "csv_file",
    "mode": "mirror",
    "purpose": "email_marketing",
    "fields": {"mail": "email"},
}


def test_defaults_are_the_careful_ones() -> None:
    sync = parse_sync("list", ENTRY)
    assert (sync.key, sync.nulls, sync.connection) == ("record_key", "send", None)
    assert (sync.guards.first_run, sync.guards.empty_model) == ("approve", "stop")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "append"}, "`mode` to be one of mirror, upsert, audience, got 'append'"),
        ({"mode": None}, "got None"),
        ({"fields": {}}, "`fields` to map"),
        ({"fields": {"mail": "e-mail"}}, "lower_snake_case, got 'e-mail'"),
        ({"fields": {"mail": 'x" from secrets --'}}, "lower_snake_case"),
        ({"model": "sync.people"}, "`model` in lower_snake_case"),
        ({"owner": ""}, "text for `owner`"),
        ({"colour": "red"}, "unknown setting colour"),
        ({"guards": {"max_remove_share": "much"}}, "`guards.max_remove_share` as a share"),
        ({"guards": {"max_remove_share": True}}, "as a share"),
        ({"guards": {"min_records": -1}}, "whole number"),
        ({"guards": {"max_share": 1}}, "unknown setting guards.max_share"),
        ({"first_run": "maybe"}, "`first_run` to be one of allow, approve"),
        ({"nulls": "zero"}, "`nulls` to be one of send, omit"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(change: Any, said: str) -> None:
    with pytest.raises(SyncConfigError, match="sync list: ") as error:
        parse_sync("list", ENTRY | change)
    assert said in str(error.value)


def test_a_file_without_syncs_and_an_unknown_name_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "syncs.yml"
    path.write_text("syncs: []\n")
    with pytest.raises(SyncConfigError, match="at least one entry"):
        load_syncs(path)
    path.write_text(yaml.safe_dump({"syncs": {"list": ENTRY}}))
    with pytest.raises(SyncConfigError, match="expected one of list, got 'other'"):
        find_sync("other", path)
    path.write_text("syncs: [unclosed\n")
    with pytest.raises(SyncConfigError, match="expected YAML"):
        load_syncs(path)


def test_an_unknown_destination_names_those_that_exist(home: Path) -> None:
    assert available() == ["csv_file", "parquet_file", "webhook"]
    with pytest.raises(SyncConfigError, match="csv_file, parquet_file, webhook"):
        open_destination(parse_sync("list", ENTRY | {"destination": "fax"}))


def test_every_sync_has_its_model_its_columns_and_its_exposure() -> None:
    syncs = load_syncs()
    assert len(syncs) >= 3
    folder = PROJECT_ROOT / "dbt_project" / "models" / "sync"
    models = yaml.safe_load((folder / "_sync__models.yml").read_text())["models"]
    columns = {m["name"]: {c["name"] for c in m["columns"]} for m in models}
    exposures = yaml.safe_load((folder / "_sync__exposures.yml").read_text())["exposures"]
    by_name = {e["name"]: e for e in exposures}
    assert set(by_name) == set(syncs)
    assert set(columns) == {sync.model for sync in syncs.values()}
    for sync in syncs.values():
        assert (folder / f"{sync.model}.sql").exists()
        assert sync.model == f"sync_{sync.destination}__{sync.name}"
        assert {sync.key, "person_id", "is_allowed", "reason"} <= columns[sync.model]
        assert set(sync.fields.values()) <= columns[sync.model]
        assert by_name[sync.name]["depends_on"] == [f"ref('{sync.model}')"]
        assert by_name[sync.name]["owner"]["name"] == sync.owner
