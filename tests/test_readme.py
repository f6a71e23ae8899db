"""What the README says exists."""

import re
from dataclasses import fields

import click
import typer

from bot.cli.app import app
from bot.settings import PREFIX, Settings
from bot.status import Status
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def section(heading: str) -> str:
    """The text under a heading, up to the next one of any level."""
    return re.split(r"^#+ ", README.split(f" {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(heading: str) -> list[list[str]]:
    """The cells of the section's table, without its header."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def options(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def test_settings_table_lists_every_setting_once() -> None:
    listed = [variable.strip("`") for variable, *_ in rows("Settings")]
    assert sorted(listed) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


def test_settings_table_has_the_flags_and_plain_defaults() -> None:
    for variable, flag, default, _ in rows("Settings"):
        field = Settings.model_fields[variable.strip("`").removeprefix(PREFIX).lower()]
        assert set(re.findall(r"--[\w-]+", flag)) <= options(COMMANDS["ask"])
        if re.fullmatch(r"`[^`~]+`", default):
            assert default.strip("`") == str(field.default)


def test_every_command_is_described_with_options_that_it_has() -> None:
    described = {cell.split()[1]: cell for cell, _ in rows("Command line")[: len(COMMANDS)]}
    assert set(described) == set(COMMANDS)
    for name, cell in described.items():
        assert set(re.findall(r"--[\w-]+", cell)) <= options(COMMANDS[name])


def test_examples_use_existing_commands() -> None:
    used = set(re.findall(r"(?:^|`)fundstelle ([a-z]+)", README, re.MULTILINE))
    assert used == set(COMMANDS)


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = set(re.findall(r"(?:^|[`|] ?)make ([a-z]+)", README, re.MULTILINE))
    assert used == targets - {"help"}


def test_status_fields_are_those_of_the_command() -> None:
    paragraph = next(part for part in section("JSON").split("\n\n") if part.startswith("`status --json`"))
    assert set(re.findall(r"`(\w+)`", paragraph)) == {field.name for field in fields(Status)}


def test_architecture_names_modules_that_exist() -> None:
    there = {path.name for package in ("retrieval", "bot") for path in (ROOT / package).rglob("*.py")}
    assert set(re.findall(r"(\w+\.py)\b", section("Architecture"))) <= there


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []
