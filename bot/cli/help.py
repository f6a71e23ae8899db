"""``--help`` in the user's language, of the texts in the sections ``commands`` and ``options``.

An option's text has its flag for a key (``--json``), an argument's its name; with the command before it where it means
something of its own there (``ask question``, ``export FILE``).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from enum import Enum
from typing import Any

from rich.text import Text
from typer.core import TyperGroup

from bot.cli.console import line_width, show_lines
from bot.messages import table, text

#: What the options that all commands have carry as ``rich_help_panel``.
SETTINGS = "settings"
#: Names that are longer have their text on a line of its own.
_NAME_WIDTH = 26


def show_help(context: Any) -> None:
    """Prints the help of the context's command."""
    language = language_of(context)
    command = context.command
    key = command_key(context)
    said = "\n".join(_wrapped(command_help(key, command.help, language), line_width()))
    shown = Text(f"{usage(context)}\n\n{said}\n")
    parameters = [parameter for parameter in command.get_params(context) if not parameter.hidden]
    sections = {
        "arguments": [parameter for parameter in parameters if not _is_option(parameter)],
        "options": [p for p in parameters if _is_option(p) and p.rich_help_panel != SETTINGS],
        "settings": [p for p in parameters if _is_option(p) and p.rich_help_panel == SETTINGS],
    }
    for name, members in sections.items():
        rows = [(option_name(member, language), _described(member, context)) for member in members]
        shown.append_text(_section(text(f"help.{name}", language), rows))
    if isinstance(command, TyperGroup):
        rows = [
            (name, command_help(f"{key} {name}".strip(), sub.help, language))
            for name, sub in command.commands.items()
            if not sub.hidden
        ]
        shown.append_text(_section(text("help.commands", language), rows))
    shown.rstrip()
    show_lines(shown, wrap=False)


def usage(context: Any) -> str:
    """The line that shows how the context's command is called."""
    language = language_of(context)
    words = [context.command_path, f"[{_translated('OPTIONS', language)}]"]
    words += [_argument(p, language) for p in context.command.get_params(context) if not _is_option(p)]
    if isinstance(context.command, TyperGroup):
        words.append(f"{_translated('COMMAND', language)} ...")
    return text("help.usage", language, usage=" ".join(words))


def language_of(context: Any) -> str:
    """The language that ``Group.main`` has found out, German before that."""
    return context.find_root().obj or "de"


def command_key(context: Any) -> str:
    """The command without the program's name ("feed add"), empty for the program itself."""
    names = []
    while context.parent is not None:
        names.append(context.info_name)
        context = context.parent
    return " ".join(reversed(names))


def command_help(key: str, otherwise: str | None, language: str) -> str:
    """What a command does; ``otherwise`` where the texts do not know it."""
    return table(language)["commands"].get(key or "fundstelle") or otherwise or ""


def option_help(key: str, parameter: Any, language: str) -> str:
    """What an option or argument of the command ``key`` means; empty where the texts do not know it."""
    texts = table(language)["options"]
    name = parameter.opts[0] if _is_option(parameter) else parameter.name
    return texts.get(f"{key or 'fundstelle'} {name}") or texts.get(name) or parameter.help or ""


def option_name(parameter: Any, language: str) -> str:
    """How an option or argument is written ("--csv DATEI|-")."""
    if not _is_option(parameter):
        return _argument(parameter, language).strip("[]")
    value = "" if parameter.is_flag else value_name(parameter, language)
    return " ".join([", ".join(parameter.opts), value]).strip()


def value_name(parameter: Any, language: str) -> str:
    """What stands for the value of an option or argument, such as "DATEI" or "de|en"."""
    if parameter.metavar is None and parameter.type_descriptor.is_choice:
        return "|".join(choices(parameter))
    return _translated(parameter.metavar or parameter.name.upper(), language)


def choices(parameter: Any) -> list[str]:
    """The values that there are to choose from; none where any value of a kind goes."""
    given = parameter.type_descriptor.choices if parameter.type_descriptor.is_choice else ()
    return [str(choice.value if isinstance(choice, Enum) else choice) for choice in given or ()]


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _argument(parameter: Any, language: str) -> str:
    name = value_name(parameter, language)
    if parameter.nargs != 1 and not name.endswith("..."):
        name += "..."
    return name if parameter.required or name.startswith("[") else f"[{name}]"


def _translated(name: str, language: str) -> str:
    """A name for values, such as "FILE|-", with its words in the language."""
    words = table(language)["values"]
    return re.sub(r"[A-Z]+", lambda word: words.get(word[0], word[0]), name)


def _described(parameter: Any, context: Any) -> str:
    language = language_of(context)
    said = option_help(command_key(context), parameter, language)
    default = parameter.show_default if isinstance(parameter.show_default, str) else parameter.default
    if not parameter.show_default or default is None or default is False:
        return said
    return f"{said} {text('help.default', language, value=getattr(default, 'value', default))}"


def _section(heading: str, rows: list[tuple[str, str]]) -> Text:
    """A heading and its rows of name and text in two columns; nothing without rows."""
    if not rows:
        return Text()
    width = min(_NAME_WIDTH, max(len(name) for name, _ in rows)) + 4
    section = Text("\n").append(heading, style="bold").append("\n")
    for name, said in rows:
        first, *others = list(_wrapped(said, line_width() - width)) or [""]
        section.append(f"  {name}", style="bold")
        section.append(" " * (width - 2 - len(name)) if len(name) <= width - 4 else "\n" + " " * width)
        section.append(first + "\n")
        section.append("".join(f"{' ' * width}{line}\n" for line in others))
    return section


def _wrapped(said: str, width: int) -> Iterable[str]:
    """Lines broken at blanks alone; what has none (an option, an address) stays whole."""
    return textwrap.wrap(said, max(width, 20), break_long_words=False, break_on_hyphens=False)
