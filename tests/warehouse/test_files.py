"""A file appears whole or not at all."""

import os
from pathlib import Path

import pytest

from warehouse.files import replace


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    part, target = tmp_path / "a.part", tmp_path / "a"
    target.write_text("old")
    part.write_text("new")
    replace(part, target)
    assert [f.name for f in tmp_path.iterdir()] == ["a"]
    assert target.read_text() == "new"


def test_who_has_the_old_file_open_keeps_it(tmp_path: Path) -> None:
    part, target = tmp_path / "a.part", tmp_path / "a"
    target.write_text("old")
    part.write_text("new")
    with target.open() as reader:
        replace(part, target)
        assert reader.read() == "old"


def test_the_bytes_are_on_disk_before_the_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not leave the new name on bytes that never arrived."""
    part, target = tmp_path / "a.part", tmp_path / "a"
    part.write_text("new")
    seen: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: seen.append((Path(f"/proc/self/fd/{handle}").resolve().name,
                                                 target.exists())),
    )  # fmt: skip
    replace(part, target)
    assert seen == [("a.part", False), (tmp_path.name, True)]


def test_a_missing_part_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    with pytest.raises(FileNotFoundError):
        replace(tmp_path / "a.part", target)
    assert target.read_text() == "old"
