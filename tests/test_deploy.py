"""Dockerfile, .dockerignore, systemd unit and the Telegram guide: what they name exists."""

from __future__ import annotations

import configparser
import json
import re
import subprocess

import typer

from bot.cli.app import app
from bot.settings import PREFIX, Settings
from tests.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
GUIDE = (ROOT / "docs" / "telegram.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def copied() -> list[str]:
    """What the Dockerfile copies from this folder."""
    return [name for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]]


def unit() -> dict[str, list[str]]:
    """The settings of the systemd unit, each with its values."""
    parser = configparser.RawConfigParser(strict=True, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(ROOT / "deploy" / "fundstelle.service", encoding="utf-8")
    return {key: value.split() for section in parser.sections() for key, value in parser[section].items()}


def test_the_image_gets_what_is_there_and_git_knows() -> None:
    assert {"pyproject.toml", "constraints.txt", "retrieval", "bot"} <= set(copied())
    for name in copied():
        assert (ROOT / name).exists()
        listed = subprocess.run(["git", "ls-files", "--", name], cwd=ROOT, capture_output=True, text=True, check=True)
        assert listed.stdout


def test_the_build_context_is_what_is_copied_and_nothing_else() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert ignored[0] == "*"
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied())


def test_the_image_is_made_from_the_tested_versions_by_no_root_user() -> None:
    installs = re.findall(r"pip install (.+)$", DOCKERFILE, re.MULTILINE)
    assert installs and all("-c constraints.txt" in install for install in installs)
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["fundstelle"]
    assert DOCKERFILE.index("USER fundstelle") < DOCKERFILE.index("ENTRYPOINT")


def test_the_image_s_commands_and_settings_exist() -> None:
    (command,) = re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert json.loads(command)[0] in COMMANDS
    settings = dict(re.findall(r"FUNDSTELLE_(\w+)=(\S+)", DOCKERFILE))
    chosen = Settings(_env_file=None, **{name.lower(): value for name, value in settings.items()})  # type: ignore[call-arg, arg-type]
    assert str(chosen.home) == re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)[0]
    (check,) = re.findall(r"HEALTHCHECK .*CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    python, flag, code = json.loads(check)
    assert (python, flag) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert f":{chosen.metrics_listen.rpartition(':')[2]}/healthz" in code  # type: ignore[union-attr]


def test_the_unit_s_command_and_settings_exist() -> None:
    found = unit()
    program, command = found["ExecStart"]
    assert program.endswith(".venv/bin/fundstelle") and command in COMMANDS
    assert found["User"] == ["fundstelle"]
    environment = dict(pair.split("=", 1) for pair in found["Environment"])
    assert environment["FUNDSTELLE_HOME"] == f"/var/lib/{found['StateDirectory'][0]}"
    assert {"NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "EnvironmentFile"} <= set(found)


def test_the_guide_names_settings_and_files_that_exist() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+)\b", GUIDE))
    assert named <= {name.upper() for name in Settings.model_fields}
    for name in re.findall(r"\b(?:deploy|docs)/[\w.-]+", GUIDE):
        assert (ROOT / name).exists()
