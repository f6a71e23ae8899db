"""Every ``fundstelle`` command in the READMEs and docs can be typed as it stands there.

Those that end by themselves are run, with tiny models over a small collection; words such as FILE stand for what is
there. The others (the bot, a round every 30 minutes, models from the hub) are parsed by the real command line.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import fields
from enum import EnumType
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.exceptions import TyperException

from bot.cli.help import SETTINGS
from bot.model_choice import remember
from retrieval.answering.calibration import Calibration
from tests import tiny_models
from tests.command_line import fundstelle, news_site
from tests.documents import ANY, COMMANDS, PAGES, commands, is_synopsis, page, rows, section
from tests.test_calibrating import collection as museums
from tests.website import Website

QUESTION = "Wann öffnet das Museum?"
STORY = "Das Museum öffnet am Dienstag. Es schließt um 18 Uhr. Die Brücke wurde am 17. Mai gesperrt."
# A word in a command -> what it stands for here. Addresses are those of the tests' site.
WORDS = {
    "ARTICLE": "1", "ARTIKEL": "1", "N": "1", "QUESTION": QUESTION, "FRAGE": QUESTION, "NAME": "my-models/reader",
    "PATH": "my-articles", "PFAD": "my-articles", "meine-artikel/": "my-articles", "/articles": "my-articles",
    "/path/to/my-articles": "my-articles",
    "URL": "/feed", "https://www.example.org/feed.xml": "/feed",
    "https://www.example.org/politik/stadtrat.html": "/bad",
}  # fmt: skip
# The same for FILE, which is another one for each command.
FILES = {
    "eval": "feedback.json", "calibrate": "feedback.json", "import": "articles.jsonl",
    "export": "new.jsonl", "feedback": "new.json",
}  # fmt: skip
TABLE = rows(section(page("command-line.md"), "All commands"))
SYNOPSES = [cell.strip("`").removeprefix("fundstelle ") for cell, _ in TABLE]


def goes_on(arguments: list[str]) -> bool:
    """Whether a command runs until it is stopped, opens a browser, or needs the hub."""
    kept_out = {"telegram", "worker", "serve", "mcp", "--every", "--open"}
    kept_out |= {"multilingual-e5-small", "owner/name@revision"}
    return not kept_out.isdisjoint(arguments)


def parse(arguments: list[str]) -> None:
    """Parses the arguments as the command line does, and runs nothing; raises TyperException."""
    name, *rest = arguments
    command = COMMANDS[name]
    if isinstance(command, TyperGroup):
        command = command.commands[rest.pop(0)]
    command.make_context(name, rest)


def questions() -> dict[str, Any]:
    """A SQuAD 2.0 file with dialogues."""
    data = museums()
    paragraphs: list[dict[str, Any]] = [{"context": document.text, "qas": []} for document in data.documents]
    for item in data.questions:
        answers = [{"text": answer, "answer_start": 0} for answer in item.answers]
        asked = {"id": item.id, "question": item.question, "is_impossible": not answers, "answers": answers}
        paragraphs[item.context]["qas"].append(asked)
    paragraphs[0]["dialogues"] = [paragraphs[0]["qas"][:1]]
    return {"data": [{"title": "Museen", "paragraphs": paragraphs}]}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``world`` with articles, models, files and a collection, and a copy of it to go back to."""
    root = tmp_path_factory.mktemp("documents")
    world = root / "world"
    tiny_models.save_reader(world / "my-models" / "reader", "electra")
    tiny_models.save_static_embedder(world / "my-models" / "embedder")
    articles = {"my-articles/1.txt": "Noch nichts.", "my-articles/2.txt": "Ein Zug fährt.", "seeds/3.txt": "Es regnet."}
    for name, text in articles.items():
        (world / name).parent.mkdir(exist_ok=True)
        (world / name).write_text(text, encoding="utf-8")
    (world / "feedback.json").write_text(json.dumps(questions()), encoding="utf-8")
    (world / "questions.txt").write_text(QUESTION, encoding="utf-8")
    with pytest.MonkeyPatch.context() as here:
        here.setenv("FUNDSTELLE_HOME", str(world / "home"))
        here.chdir(world)
        remember(world / "home", {kind: str(world / "my-models" / kind) for kind in ("embedder", "reader")})
        assert fundstelle("index", "my-articles", "seeds").exit_code == 0
        (world / "my-articles" / "1.txt").write_text(STORY, encoding="utf-8")
        assert fundstelle("index", "my-articles").exit_code == 0
        assert fundstelle("export", "articles.jsonl").exit_code == 0
    shutil.copytree(world, root / "copy")
    return root


@pytest.fixture
def site(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """The world as it was prepared, entered, and a site that its commands can reach."""
    world = prepared / "world"
    shutil.rmtree(world)
    shutil.copytree(prepared / "copy", world)
    monkeypatch.setenv("FUNDSTELLE_HOME", str(world / "home"))
    monkeypatch.chdir(world)
    with news_site(monkeypatch) as running:
        yield running


def typed(line: str, site: Website | None) -> list[str]:
    """The arguments of a command, with what is here in the place of words that stand for something."""
    name, *others = shlex.split(line)
    arguments = ["ask" if name in ANY else name]
    for word in others:
        word = FILES.get(name, word) if word in ("FILE", "DATEI") else WORDS.get(word, word)
        arguments.append(site.url(word) if site is not None and word in ("/feed", "/bad") else word)
    return arguments


# The same command in English and German is run once.
TYPED = {
    tuple(typed(line, None)): line for name in PAGES for line in commands(page(name)) if not is_synopsis(line)
}.values()


def test_there_are_commands() -> None:
    assert {line.split()[0] for line in TYPED} >= set(COMMANDS)


@pytest.mark.parametrize("line", [line for line in TYPED if not goes_on(typed(line, None))])
def test_command_runs(line: str, site: Website) -> None:
    arguments = typed(line, site)
    if arguments[:2] == ["feed", "remove"]:
        assert fundstelle("feed", "add", arguments[2]).exit_code == 0
    result = fundstelle(*arguments, stdin="")
    assert (result.exit_code, "Fehler" in result.stderr) == (0, False), result.output


@pytest.mark.parametrize("line", [line for line in TYPED if goes_on(typed(line, None))])
def test_command_is_understood(line: str) -> None:
    parse(typed(line, None))


@pytest.mark.parametrize("line", ["ask", "ask Wer? --nonsense", "sync --every 5", "models use", "telegram --index"])
def test_what_is_not_understood(line: str) -> None:
    with pytest.raises(TyperException):
        parse(line.split())


# The table of all commands


def options(command: TyperCommand | TyperGroup) -> dict[str, TyperOption]:
    """The options of a command and its subcommands, without those that every command has."""
    children = command.commands.values() if isinstance(command, TyperGroup) else [command]
    own = [parameter for child in children for parameter in child.params if isinstance(parameter, TyperOption)]
    return {option.opts[0]: option for option in own if option.rich_help_panel != SETTINGS}


def test_table_lists_every_command_once() -> None:
    assert sorted(synopsis.split()[0] for synopsis in SYNOPSES) == sorted(COMMANDS)


@pytest.mark.parametrize("synopsis", SYNOPSES)
def test_synopsis_has_all_options_and_their_values(synopsis: str) -> None:
    there = options(COMMANDS[synopsis.split()[0]])
    shown = dict(re.findall(r"\[(--[\w-]+)(?: ([^\]]+))?\]", synopsis))
    assert set(shown) == set(there)
    for name, value in shown.items():
        assert bool(value) is not there[name].is_flag
        kind = there[name].type_descriptor.annotation
        if isinstance(kind, EnumType):
            assert value.split("|") == [choice.value for choice in kind]


def test_synopsis_of_a_group_has_its_commands() -> None:
    for synopsis in SYNOPSES:
        command = COMMANDS[synopsis.split()[0]]
        if isinstance(command, TyperGroup):
            assert set(command.commands) <= set(re.findall(r"\w+", synopsis))


# JSON


def names(value: object) -> set[str]:
    """All keys of a JSON value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(names, value.values()))
    return set().union(*map(names, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(
    "line",
    [
        "ask QUESTION", "ask QUESTION --all", "index my-articles --timings", "sync", "import FILE", "feed list", "list",
        "show 1", "missed",
        "status", "eval FILE", "eval FILE --mode open", "eval FILE --mode dialogue",
        "eval FILE --mode silence --articles PATH --verbose", "models", "models use NAME", "calibrate FILE",
    ],
)  # fmt: skip
def test_json_fields_are_documented(line: str, site: Website) -> None:
    fundstelle("feed", "add", site.url("/feed"))
    result = fundstelle(*typed(line, site), "--json")
    assert result.exit_code == 0, result.output
    code = " ".join(re.findall(r"`([^`]+)`", section(page("command-line.md"), "JSON")))
    documented = set(re.findall(r"[\w.]+", code))
    documented |= {name.rpartition(".")[2] for name in documented} | {"answer"}
    documented |= {field.name for field in fields(Calibration)}  # named as a whole
    assert names(json.loads(result.stdout)) <= documented


def test_exported_fields_are_documented(site: Website) -> None:
    lines = fundstelle("export", "-").stdout.splitlines()
    paragraphs = section(page("command-line.md"), "JSON").split("\n\n")
    (paragraph,) = [paragraph for paragraph in paragraphs if "`export` writes" in paragraph]
    documented = set(re.findall(r"`(\w+)`", paragraph))
    assert set().union(*(names(json.loads(line)) for line in lines[1:])) <= documented
