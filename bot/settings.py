"""The settings: flags over environment variables over ``.env`` over what was chosen over defaults.

An environment variable is ``FUNDSTELLE_`` and the field's name; an empty one counts as not set. docs/settings.md
lists the same fields. Chosen can only be the models (``bot.model_choice``), for one data directory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.sources.utils import parse_env_vars

import retrieval
from bot.errors import SettingsError
from bot.messages import LANGUAGES, notice
from bot.model_choice import read_choices

PREFIX = "FUNDSTELLE_"
# Host and port; an IPv6 address stands in brackets.
_ADDRESS = r"^([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$"
# Telegram's own rule, and long enough not to be guessed.
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_EMBEDDED = Path(retrieval.__file__).parent / "models"
_HOST = re.compile(r"[\w.-]+(:[0-9]{1,5})?")


def _expand(path: Path) -> Path:
    return path.expanduser().absolute()


def _parse_ids(value: object) -> object:
    """From "17, -100" to the numbers."""
    if not isinstance(value, str):
        return value
    return frozenset(int(number) for number in value.split(",") if number.strip())


def _check_database(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("no address of a PostgreSQL database")
    return url


def _parse_hosts(value: object) -> object:
    """From "Example.org, other.example:8080" to the names as they are looked up."""
    if not isinstance(value, str):
        return value
    hosts = [host.strip().lower().rstrip(".") for host in value.split(",") if host.strip()]
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError("not a list of hosts")
    return frozenset(host.encode("idna").decode("ascii") for host in hosts)


class _EnvFile(DotEnvSettingsSource):
    """``.env``, if it is the user's own: somebody else's may name another server for the token, or other models."""

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        with open(file_path, encoding=self.env_file_encoding) as file:
            # Of the open file, so that nobody can put another one in its place meanwhile.
            if os.fstat(file.fileno()).st_uid not in (os.geteuid(), 0):
                return {}
            values = dotenv_values(stream=file)
        return parse_env_vars(values, self.case_sensitive, self.env_ignore_empty, self.env_parse_none_str)


class _Choices(PydanticBaseSettingsSource):
    """The models chosen for the data directory that the other sources name."""

    def __call__(self) -> dict[str, Any]:
        default = self.settings_cls.model_fields["home"].default
        return dict(read_choices(_expand(Path(self.current_state.get("home", default)))))

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: all values come at once."""
        raise NotImplementedError


class Settings(BaseSettings):
    """Everything that can be set. Which values a field takes is said in the texts, section ``allowed``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        # A wrong value must not show up in a traceback: it may be the token.
        hide_input_in_errors=True,
    )

    home: Annotated[Path, AfterValidator(_expand)] = Field(
        default=Path(platformdirs.user_data_dir("fundstelle", appauthor=False))
    )
    embedder: str = Field(default=str(_EMBEDDED / "embedder"), min_length=1)
    reader: str = Field(default=str(_EMBEDDED / "reader"), min_length=1)
    telegram_token: SecretStr | None = None
    telegram_base_url: str = Field(default="https://api.telegram.org", pattern=r"^https?://[^\s/]+")
    telegram_owners: Annotated[frozenset[int], NoDecode, BeforeValidator(_parse_ids)] = frozenset()
    telegram_allowed: Annotated[frozenset[int], NoDecode, BeforeValidator(_parse_ids)] = frozenset()
    telegram_open: bool | None = None
    telegram_history: bool = False
    history_days: int = Field(default=365, ge=0, le=36_500)
    web_hosts: Annotated[frozenset[str], NoDecode, BeforeValidator(_parse_hosts)] = frozenset()
    telegram_webhook_url: str | None = Field(default=None, pattern=r"^https://[^\s/?#]+(/[^\s?#]*)?$")
    telegram_webhook_listen: str = Field(default="127.0.0.1:8443", pattern=_ADDRESS)
    telegram_webhook_secret: SecretStr | None = None
    metrics_listen: str | None = Field(default=None, pattern=_ADDRESS)
    language: Literal["de", "en"] = "de"
    no_answer_threshold: float | None = Field(default=None, ge=0, le=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    top_k: int = Field(default=5, ge=1, le=50)
    lock_seconds: float = Field(default=10, ge=0, le=86_400)
    database_url: Annotated[SecretStr, AfterValidator(_check_database)] | None = None
    database_read_url: Annotated[SecretStr, AfterValidator(_check_database)] | None = None
    watch_limit: int = Field(default=20, ge=1, le=1000)
    smtp_host: str | None = Field(default=None, min_length=1)
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str | None = Field(default=None, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("too short, or characters that Telegram does not take")
        return secret

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where values come from; the first source with a value wins."""
        file = _EnvFile(settings_cls, env_file=dotenv_settings.env_file)  # type: ignore[attr-defined]
        return init_settings, env_settings, file, _Choices(settings_cls)


def is_set_outside(name: str) -> bool:
    """Whether the environment or ``.env`` sets this field, and thereby wins over any choice."""
    return any(name in source() for source in (EnvSettingsSource(Settings), _EnvFile(Settings)))


def foreign_env_file() -> Path | None:
    """The file ``.env`` of the current folder if it is not read, because it belongs to another user."""
    path = Path(".env").absolute()
    try:
        return None if path.stat().st_uid in (os.geteuid(), 0) else path
    except OSError:
        return None


def language_without_settings(arguments: Sequence[str] = ()) -> str:
    """The language while the settings have not been read, or cannot be: of ``arguments``, the environment, ``.env``.

    ``arguments`` are those of the command line. Whatever is wrong with any of them counts as not set.
    """
    name = f"{PREFIX}LANGUAGE"
    flags = [after for flag, after in pairwise([*arguments, ""]) if flag == "--language"]
    flags += [argument.partition("=")[2] for argument in arguments if argument.startswith("--language=")]
    try:
        written = _EnvFile(Settings, env_file=".env")()
    except (OSError, ValueError):
        written = {}
    given = [*flags, os.environ.get(name), written.get("language")]
    return next((language for language in given if language in LANGUAGES), "de")


def load_settings(**flags: object) -> Settings:
    """The settings with ``flags`` (by field name) over everything else; a flag that is None was not given.

    Raises SettingsError that names the setting, its value (never the token) and what it may be.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        complaints = [_complaint(item["loc"], item["input"]) for item in error.errors()]
        raise SettingsError(reduce(_join, complaints)) from None
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(notice("settings.env_file", error=error)) from error


def _join(first: str, then: str) -> str:
    return notice("settings.both", first=first, then=then)


def _complaint(location: tuple[int | str, ...], value: object) -> str:
    name = str(location[0])
    setting, allowed = PREFIX + name.upper(), notice(f"allowed.{name}")
    if "Secret" in str(Settings.model_fields[name].annotation):
        return notice("settings.wrong_secret", setting=setting, allowed=allowed)
    return notice("settings.wrong", setting=setting, value=str(value), allowed=allowed)
