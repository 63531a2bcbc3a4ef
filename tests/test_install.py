"""The installation: the lock names no index, every pin has a hash, the DAG run is a real one."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_lock_is_hashed_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^([a-z0-9][\w.\-\[\]]*)==", text, flags=re.M)
    assert len(pins) > 100
    assert text.count("--hash=sha256:") >= len(pins)
    assert not re.search(r"https?://|--index|--find-links", text)


def test_every_dependency_has_a_reason_and_a_pin() -> None:
    lines = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]")[0]
    pins = [line for line in lines.splitlines() if line.strip().startswith('"')]
    assert len(pins) > 10
    assert all(re.search(r"[=<>]", pin) for pin in pins)
    assert lines.strip().startswith("#")
