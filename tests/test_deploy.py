"""Dockerfile, .dockerignore, systemd unit and the Telegram guide: what they name exists."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import tomllib

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
    assert {"pyproject.toml", "deploy/requirements.lock", "deploy/torch.lock", "retrieval", "bot"} <= set(copied())
    for name in copied():
        assert (ROOT / name).exists()
        listed = subprocess.run(["git", "ls-files", "--", name], cwd=ROOT, capture_output=True, text=True, check=True)
        assert listed.stdout


def test_the_build_context_is_what_is_copied_and_nothing_else() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert ignored[0] == "*"
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied())


def test_the_image_is_made_from_the_tested_versions_by_no_root_user() -> None:
    *locked, own = re.findall(r"pip install (.+)$", DOCKERFILE, re.MULTILINE)
    assert [install.split()[-1] for install in locked] == ["deploy/torch.lock", "deploy/requirements.lock"]
    assert all("--require-hashes --no-deps" in install for install in locked)
    assert own.split() == ["--no-deps", "--no-index", "--no-build-isolation", "."]
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["fundstelle"]
    assert DOCKERFILE.index("USER fundstelle") < DOCKERFILE.index("ENTRYPOINT")


def versions(name: str) -> dict[str, str]:
    """From the names in a file of requirements to their versions."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_locks_hold_what_is_tested_with_hashes_for_all_of_it() -> None:
    tested, locked, torch = map(versions, ("constraints.txt", "deploy/requirements.lock", "deploy/torch.lock"))
    assert torch == {"torch": tested["torch"]}
    assert locked.items() <= tested.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    # Several containers share a collection in PostgreSQL only.
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["postgres"]
    needed = [re.match(r"[\w.-]+", line)[0] for line in wanted]  # type: ignore[index]
    missing = {name.lower().replace("_", "-") for name in needed} - locked.keys() - {"torch"}
    assert not missing, "run deploy/lock.py"
    for name in ("requirements.lock", "torch.lock"):
        content = (ROOT / "deploy" / name).read_text(encoding="utf-8")
        for requirement in re.split(r"\n(?=[\w])", content)[1:]:
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement
    assert "setuptools" in locked  # which builds the package itself


def test_no_credentials_get_into_the_image() -> None:
    instructions = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    assert not [line for line in instructions if re.search(r"(?i)token|password|passwd|api_key|//[^/\s]*@", line)]
    arguments = {line.split()[1].partition("=")[0] for line in instructions if line.startswith("ARG ")}
    assert arguments == {"PYTHON_IMAGE", "TORCH_INDEX"}
    assert "FROM ${PYTHON_IMAGE}" in instructions
    assert not [name for name in copied() if ".env" in name or "netrc" in name]


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
