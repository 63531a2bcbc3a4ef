"""What a labelled file and its mapping must hold, and what is said when they do not."""

from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from identity.commands import register
from identity.errors import IdentityError
from identity.labelled import read_labelled, read_mapping

_CSV = "id, name ,who,no,street\nb,Ann Oak,1,7,Elm Road\na,  Bob ,2,,\n"
_MAPPING = "record_id: id\nlabel: who\nfirst_name: name\nstreet: [no, street]\n"


def _files(folder: Path, csv: str = _CSV, mapping: str = _MAPPING) -> tuple[Path, Path]:
    data, mapped = folder / "people.csv", folder / "mapping.yml"
    data.write_text(csv)
    mapped.write_text(mapping)
    return data, mapped


def test_columns_are_mapped_joined_trimmed_and_sorted(tmp_path: Path) -> None:
    data, mapped = _files(tmp_path)
    labelled = read_labelled(data, read_mapping(mapped))
    assert labelled.labels.tolist() == ["2", "1"]
    assert labelled.records.to_pylist() == [
        {"record_index": 0, "first_name": "Bob", "street": None},
        {"record_index": 1, "first_name": "Ann Oak", "street": "7 Elm Road"},
    ]


def test_parquet_is_read_as_the_same_text(tmp_path: Path) -> None:
    data, mapped = _files(tmp_path)
    parquet = tmp_path / "people.parquet"
    duckdb.sql(
        "select 'b' as id, 'Ann Oak' as name, 1 as who, 7 as no, 'Elm Road' as street "
        "union all select 'a', 'Bob', 2, null, null"
    ).write_parquet(str(parquet))
    mapping = read_mapping(mapped)
    assert read_labelled(parquet, mapping).records == read_labelled(data, mapping).records


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("label: who\nsurname: name\n", "expected keys among record_id, label, full_name"),
        ("first_name: name\n", "expected `label: COLUMN`"),
        ("label: who\nrecord_id: id\n", "expected at least one of full_name"),
        ("label: who\nfirst_name: {a: b}\n", "expected a column or a list of columns for first_n"),
        ("- label\n", "expected lines `key: column`"),
        ("a: [\n", "expected YAML in mapping.yml"),
    ],
)
def test_a_mapping_that_cannot_be_used(tmp_path: Path, mapping: str, said: str) -> None:
    _, mapped = _files(tmp_path, mapping=mapping)
    with pytest.raises(IdentityError, match=said):
        read_mapping(mapped)


@pytest.mark.parametrize(
    ("csv", "said"),
    [
        ("id,who\na,1\n", "expected columns name, no, street in people.csv, got id, who"),
        ("id,name,who,no,street\n", "found a header alone"),
        ("", "people.csv"),
        (_CSV + "c,Cy,,,\n", "expected a label for every record of people.csv, got 1 without"),
        (_CSV + ",Cy,3,,\n", "expected a record_id for every record"),
        (_CSV + "a,Cy,3,,\n", "expected each record_id of people.csv once, got 1 repeats"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, csv: str, said: str) -> None:
    data, mapped = _files(tmp_path, csv)
    with pytest.raises(IdentityError, match=said):
        read_labelled(data, read_mapping(mapped))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="check --mapping"):
        read_mapping(tmp_path / "none.yml")
    with pytest.raises(IdentityError, match="expected a CSV or Parquet file"):
        read_labelled(tmp_path / "none.csv", {"label": ["a"]})
    broken = tmp_path / "broken.parquet"
    broken.write_text("not parquet")
    with pytest.raises(IdentityError, match=r"expected CSV or Parquet in broken\.parquet"):
        read_labelled(broken, {"label": ["a"]})


@pytest.mark.parametrize(
    "words",
    [
        ["people.csv"],
        ["people.csv", "--mapping", "none.yml"],
        ["people.csv", "--mapping", "mapping.yml", "--truth", "truth.csv"],
        ["--mapping", "mapping.yml"],
        [],
    ],
)
def test_bad_usage_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    _files(tmp_path)
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["identity", "evaluate", *words])
    assert result.exit_code == 2
    assert "expected" in result.stderr
