"""What the READMEs and docs say exists: links, commands, settings, modules, figures' commands, and true transcripts.

The transcripts and the picture of the chat come from the embedded models. After a change of the models, of the samples
or of how answers are shown, ``python docs/transcripts.py`` makes them anew; a question whose answer is no longer right
needs another one in its place, in the ``printf`` line above the transcript.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings
from bot.status import Status
from docs import transcripts
from tests.conftest import ROOT
from tests.documents import (
    COMMANDS,
    PAGES,
    READMES,
    anchors,
    blocks,
    commands,
    folders,
    headings,
    is_synopsis,
    links,
    modules,
    page,
    rows,
    section,
    without_blocks,
)

TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
EVERYTHING = "\n".join(map(page, PAGES))


# Every page


@pytest.mark.parametrize("path", [*PAGES.values(), ROOT / "benchmarks" / "README.md"], ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(path: Path) -> None:
    for link in links(path.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_page_can_be_reached_from_both_readmes() -> None:
    pages = {f"docs/{path.name}" for name, path in PAGES.items() if name not in READMES}
    for name in READMES:
        assert pages <= {link.partition("#")[0] for link in links(page(name))}


@pytest.mark.parametrize("name", [name for name in PAGES if name not in READMES])
def test_pages_begin_with_whom_they_are_for(name: str) -> None:
    assert page(name).split("\n\n")[1].startswith("For whoever ")


def test_make_targets_exist() -> None:
    used = set(re.findall(r"(?:^|[`|] ?|&& )make ([a-z]+)", EVERYTHING, re.MULTILINE))
    assert used == TARGETS - {"help"}


def test_python_modules_and_scripts_exist() -> None:
    named = set(re.findall(r"python -m ([\w.]+)", EVERYTHING))
    assert "benchmarks.quality" in named
    assert [name for name in named if importlib.util.find_spec(name) is None] == []
    assert [name for name in re.findall(r"python ([\w/]+\.py)", EVERYTHING) if not (ROOT / name).exists()] == []


def test_named_settings_exist() -> None:
    named = {name for name in re.findall(rf"{PREFIX}([A-Z_]+)\b", EVERYTHING)}
    assert named <= {name.upper() for name in Settings.model_fields} | {"TRAINING_DATA", "TRAINING_WORK"}


# READMEs


@pytest.mark.parametrize("name", READMES)
def test_readme_can_be_read_in_five_minutes(name: str) -> None:
    assert 7000 <= len(page(name).encode()) <= 10_000


def test_readmes_have_the_same_sections() -> None:
    english, german = (page(name) for name in READMES)
    assert [level for level, _ in headings(english)] == [level for level, _ in headings(german)]
    for (_, title), (_, titel) in zip(headings(english), headings(german), strict=True):
        own, other = section(english, re.escape(title)), section(german, re.escape(titel))
        assert [link for link in links(own) if link not in READMES] == [
            link for link in links(other) if link not in READMES
        ]
        assert len(blocks(own)) == len(blocks(other))
        assert own.count("\n- ") == other.count("\n- ")


@pytest.mark.parametrize(("name", "heading"), [("README.md", "Commands"), ("LIESMICH.md", "Befehle")])
def test_readme_lists_every_command(name: str, heading: str) -> None:
    listed = [line.split()[0] for line in commands(section(page(name), heading)) if "--help" not in line]
    assert sorted(listed) == sorted(COMMANDS)


def test_examples_use_existing_commands() -> None:
    used = {line.split()[0] for line in commands(EVERYTHING) if not is_synopsis(line)}
    assert set(COMMANDS) <= used


# Transcripts


@pytest.fixture(scope="module")
def samples() -> Iterator[Path]:
    with transcripts.samples() as home:
        yield home


@pytest.mark.parametrize("path", transcripts.PAGES, ids=lambda path: path.name)
def test_transcripts_are_true(path: Path, samples: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(transcripts.TRANSCRIPT.finditer(text))
    assert len(found) == text.count("printf") == 1
    assert found[0]["answers"].count("\n") == len(shlex.split(found[0]["questions"]))
    assert transcripts.rewritten(text, samples) == text


def test_picture_is_true(samples: Path) -> None:
    # The last digit of a certainty depends on the processor.
    shown, now = (re.sub(r"\d+.%", "N %", svg) for svg in (_picture(), transcripts.picture(samples)))
    assert shown == now
    assert transcripts.QUESTION.replace(" ", "&#160;") in shown


def _picture() -> str:
    return transcripts.PICTURE.read_text(encoding="utf-8")


def test_picture_fetches_nothing() -> None:
    assert re.findall(r"https?://[^\"\s]+", _picture()) == ["http://www.w3.org/2000/svg"]


# Single pages


def test_settings_table_lists_every_setting_once() -> None:
    listed = [variable.strip("`") for variable, *_ in rows(section(page("settings.md"), "All settings"))]
    assert sorted(listed) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


def test_settings_table_has_the_flags_and_plain_defaults() -> None:
    there = {option for parameter in COMMANDS["ask"].params for option in parameter.opts}
    for variable, flag, default, _ in rows(section(page("settings.md"), "All settings")):
        field = Settings.model_fields[variable.strip("`").removeprefix(PREFIX).lower()]
        assert set(re.findall(r"--[\w-]+", flag)) <= there
        if re.fullmatch(r"`[^`~]+`", default):
            assert default.strip("`") == str(field.default)


def test_status_fields_are_those_of_the_command() -> None:
    paragraphs = section(page("command-line.md"), "JSON").split("\n\n")
    paragraph = next(part for part in paragraphs if part.startswith("`status --json`"))
    assert set(re.findall(r"`(\w+)`", paragraph)) == {field.name for field in fields(Status)}


def test_every_figure_names_its_command() -> None:
    for _, title in headings(page("quality.md"))[1:]:
        text = section(page("quality.md"), title)
        if "| --" in text or "|--" in text or "|---" in text:
            assert re.search(r"`(?:python -m benchmarks\.\w+|fundstelle eval)", text), title
    assert "`python -m benchmarks.scale`" in page("scale.md")


def test_python_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)  # where seeds/ is
    names: dict[str, object] = {}
    pairs = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", page("python-api.md"), re.DOTALL)
    assert len(pairs) == len(blocks(page("python-api.md"), "python")) > 3
    for code, printed in pairs:
        exec(code, names)
        assert capsys.readouterr().out == printed
    assert (tmp_path / "articles").is_dir()


def test_architecture_names_every_folder_and_no_module_that_is_not_there() -> None:
    text = page("architecture.md")
    for package in ("retrieval", "bot"):
        for folder in folders(package):
            assert f"{folder.name}/" in text
    names = {path.rpartition("/")[2] for path in modules()} | {"transcripts.py"}
    assert set(re.findall(r"([\w]+\.py)\b", text)) <= names
    paths = re.findall(r"`((?:retrieval|bot)/[\w/.-]*)`", without_blocks(EVERYTHING))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("package", ["retrieval", "bot"])
def test_architecture_shows_the_layers_of_the_contract(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["id"]: contract for contract in project["tool"]["importlinter"]["contracts"]}
    (block,) = [block for block in blocks(page("architecture.md")) if block.startswith(f"{package}\n")]
    shown = [re.split(r"\s{2,}", line.strip())[0] for line in block.splitlines()[1:]]
    assert shown == [re.sub(r"[()]", "", layer) for layer in contracts[package]["layers"]]
