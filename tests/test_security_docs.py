"""docs/security.md and docs/privacy.md: every test that they name exists, and every claim names one."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.conftest import ROOT

PAGES = ["security.md", "privacy.md"]
_NAMED = re.compile(r"`(tests/\w+\.py)::(\w+)`")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@cache
def defined_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("name", PAGES)
def test_the_tests_that_are_named_exist(name: str) -> None:
    named = _NAMED.findall(page(name))
    assert len(named) > 5
    missing = [f"{file}::{test}" for file, test in named if test not in defined_in(file)]
    assert not missing


@pytest.mark.parametrize("name", PAGES)
def test_every_protection_names_its_test(name: str) -> None:
    protected = page(name).split("\n## What is not protected")[0]
    claims = [claim for claim in re.split(r"\n(?=- )", protected) if claim.startswith("- ")]
    untested = [claim.split("\n\n")[0] for claim in claims if not _NAMED.search(claim)]
    assert [claim for claim in untested if not claim.startswith("- *")] == []
