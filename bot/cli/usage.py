"""Commands whose help, and what they say about wrong usage, is in the user's language."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, TypeVar

import typer

# Typer does not export its errors.
from typer._click.exceptions import BadOptionUsage, MissingParameter, NoArgsIsHelpError, NoSuchOption, UsageError
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from bot.cli.console import say
from bot.cli.help import choices, option_name, show_help, usage, value_name
from bot.messages import in_language, notice, table, text
from bot.settings import language_without_settings

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command whose ``--help`` is in the user's language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints it; ``formatter`` stays empty."""
        show_help(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises UsageError that knows the command."""
        ctx.allow_extra_args = True  # what is too much is said below, in the user's language
        with _errors_of(ctx):
            rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise UsageError(notice("usage.too_much", words=" ".join(rest)), ctx)
        return rest


class Group(TyperGroup):
    """A command with commands."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints it; ``formatter`` stays empty."""
        show_help(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises UsageError that knows the command."""
        with _errors_of(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Raises UsageError if there is no command."""
        if not ctx._protected_args:
            raise UsageError(notice("usage.which_command"), ctx)
        return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Raises UsageError for a command that there is not, with those that look like it."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise UsageError(_unknown("command", args[0], get_close_matches(args[0], self.commands, 1)), ctx)
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command line and exits: with 2 and two lines on stderr where something was typed wrongly."""
        language = language_without_settings(sys.argv[1:] if args is None else args)
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **{"obj": language, **extra})
        except TyperException as error:
            if not standalone_mode:
                raise
            _show(error, language)
            sys.exit(error.exit_code)
        except typer.Abort:
            if not standalone_mode:
                raise
            say(text("usage.aborted", language))
            sys.exit(1)
        if standalone_mode:
            sys.exit(code or 0)
        return code


class Commands(typer.Typer):
    """A Typer app of such commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            cls=settings.pop("cls", Group),
            no_args_is_help=settings.pop("no_args_is_help", True),
            add_completion=False,
            pretty_exceptions_enable=False,
            **settings,
        )

    def command(self, name: str | None = None, **settings: Any) -> Callable[[_Function], _Function]:
        """As ``Typer.command``."""
        return super().command(name, cls=Command, **settings)


@contextmanager
def _errors_of(context: Any) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        error.ctx = error.ctx or context
        raise


def _show(error: TyperException, language: str) -> None:
    """What was typed wrongly, and how it is typed."""
    if isinstance(error, NoArgsIsHelpError):
        return  # the help has been printed
    say(text("cli.error", language, message=_what(error, language)))
    context = getattr(error, "ctx", None)
    if context is not None:
        say(usage(context))
        say(text("usage.more", language, command=f"{context.command_path} --help"))


def _what(error: TyperException, language: str) -> str:
    parameter: Any = getattr(error, "param", None)
    if isinstance(error, MissingParameter) and parameter is not None:
        return text("usage.missing", language, what=option_name(parameter, language))
    if isinstance(error, NoSuchOption):
        return in_language(_unknown("option", error.option_name, error.possibilities or ()), language)
    if isinstance(error, BadOptionUsage):
        return _wrong_option(error, language)
    if parameter is not None and hasattr(error.__cause__, "errors"):
        return _wrong_value(parameter, error.__cause__, language)
    return in_language(error.message, language)


def _unknown(kind: str, name: str, alike: Sequence[str]) -> str:
    said = notice(f"usage.no_{kind}", name=name)
    return notice("usage.perhaps", said=said, alike=alike[0]) if alike else said


def _wrong_option(error: BadOptionUsage, language: str) -> str:
    """An option without its value, or a flag with one."""
    parameters = error.ctx.command.params if error.ctx else []
    parameter: Any = next((p for p in parameters if error.option_name in p.opts), None)
    if parameter is None:
        return error.message
    if parameter.is_flag:
        return text("usage.no_value", language, option=error.option_name)
    return text("usage.value_missing", language, option=error.option_name, value=value_name(parameter, language))


def _wrong_value(parameter: Any, cause: Any, language: str) -> str:
    """A value that is not of the option's kind; ``cause`` is pydantic's error."""
    value = cause.errors()[0]["input"]
    if known := table(language)["allowed"].get(parameter.name):
        allowed = known
    elif given := choices(parameter):
        allowed = text("usage.one_of", language, some=", ".join(given[:-1]), last=given[-1])
    elif parameter.min is not None and parameter.max is not None:
        allowed = text("usage.number_between", language, least=parameter.min, most=parameter.max)
    elif parameter.min is not None:
        allowed = text("usage.number_from", language, least=parameter.min)
    else:
        allowed = text("usage.number", language)
    name = parameter.opts[0] if parameter.param_type_name == "option" else value_name(parameter, language)
    return text("usage.wrong_value", language, value=value, option=name, allowed=allowed)
