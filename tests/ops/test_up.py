"""`onefold up`: Airflow on loopback only, and nothing left running."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import up as ops_up
from ops.up import commands, stop, up
from warehouse.settings import settings

FAMILY = """
import os, signal, subprocess, sys
if {stubborn}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; {child}; print(0, flush=True); "
                          "signal.pause()"], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
if not {leaves}:
    signal.pause()
"""
IGNORE = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.fixture(autouse=True)
def term() -> Iterator[None]:
    """`up` sets a handler for SIGTERM; pytest gets its own back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def family(
    *, stubborn: bool = False, child: str = "0", leaves: bool = False
) -> tuple[subprocess.Popen[bytes], int]:
    """A process with a child, in a group of its own; returns it and the child's process id."""
    code = FAMILY.format(stubborn=stubborn, child=child, leaves=leaves)
    leader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    assert leader.stdout is not None
    pid = int(leader.stdout.readline())
    leader.stdout.close()
    return leader, pid


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(pid: int) -> bool:
    """Give the kernel a moment to end a process that was killed."""
    deadline = time.monotonic() + 5
    while is_running(pid):
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


def test_only_the_ui_listens_and_only_on_loopback(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEFOLD_UI_PORT", "8123")
    found = {c[3]: c[4:] for c in commands(settings())}
    assert set(found) == {"api-server", "scheduler", "dag-processor", "triggerer"}
    assert found["api-server"] == ["--host", "127.0.0.1", "--port", "8123"]
    assert all("--skip-serve-logs" in found[name] for name in ("scheduler", "triggerer"))
    assert not [c for c in commands(settings()) if "0.0.0.0" in c]


def test_a_group_ends_with_its_children(home: Path) -> None:
    leader, child = family()
    other, grandchild = family()
    stop([leader, other])
    assert (leader.returncode, other.returncode) == (-signal.SIGTERM, -signal.SIGTERM)
    assert gone(child)
    assert gone(grandchild)


def test_who_does_not_listen_is_killed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops_up, "_PATIENCE_SECONDS", 0.01)
    leader, child = family(stubborn=True, child=IGNORE)
    stop([leader])
    assert leader.returncode == -signal.SIGKILL
    assert gone(child)


@pytest.mark.parametrize("child", ["0", IGNORE])
def test_children_do_not_outlive_a_leader_that_ended_by_itself(home: Path, child: str) -> None:
    leader, pid = family(leaves=True, child=child)
    leader.wait()
    assert is_running(pid)
    stop([leader])
    assert gone(pid)


def test_stopping_twice_does_no_harm(home: Path) -> None:
    leader, _ = family()
    stop([leader])
    stop([leader])


def test_when_one_process_ends_all_end(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pids = home / "pids"
    lives = (
        "import os, sys, signal; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); signal.pause()"
    )
    waits = (
        "import sys; path = sys.argv[1]\n"
        "import os\n"
        "while not os.path.exists(path) or len(open(path).readlines()) < 2: pass"
    )
    monkeypatch.setattr(ops_up, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(ops_up, "prepare", lambda _: None)
    monkeypatch.setattr(
        ops_up, "commands",
        lambda _: [[sys.executable, "-c", code, str(pids)] for code in (lives, lives, waits)],
    )  # fmt: skip
    assert up() == 1
    assert "http://127.0.0.1:8080" in capfd.readouterr().out
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) == 2
    assert all(gone(pid) for pid in started)


def test_a_process_that_does_not_start_leaves_none_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def popen(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        started.append(real(*args, **kwargs))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(ops_up.subprocess, "Popen", popen)
    monkeypatch.setattr(ops_up, "prepare", lambda _: None)
    sleeper = [sys.executable, "-c", "import signal; signal.pause()"]
    monkeypatch.setattr(ops_up, "commands", lambda _: [sleeper, ["/nowhere/python"]])
    with pytest.raises(FileNotFoundError):
        up()
    assert [p.returncode for p in started] == [-signal.SIGTERM]
