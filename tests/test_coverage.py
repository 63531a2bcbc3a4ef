"""docs/coverage.md names every end-to-end test of its modules, and none that is not there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "coverage.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| `(tests/[^`]+\.py)::(test_\w+)` \| (.*?) ?\|$", PAGE, flags=re.M)
MODULES = sorted({module for _, module, _, _ in ROWS})


def _tests(module: str) -> set[str]:
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    return {node.name for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}  # fmt: skip


def test_the_rows_were_found() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    heads = PAGE.count("| promise | test | figure |")
    assert len(ROWS) == len(lines) - 2 * heads > 20
    assert len(MODULES) > 5


@pytest.mark.parametrize("module", MODULES)
def test_every_test_of_a_module_is_a_promise_and_every_promise_a_test(module: str) -> None:
    assert {test for _, of, test, _ in ROWS if of == module} == _tests(module)


def test_every_promise_has_a_figure_that_its_test_works_out() -> None:
    for promise, module, test, figure in ROWS:
        source = (ROOT / module).read_text("utf-8")
        body = source[source.index(f"def {test}(") :].split("\ndef ", 1)[0]
        assert figure, promise
        assert "covered(" in body, f"{test} does not compare its figure"
