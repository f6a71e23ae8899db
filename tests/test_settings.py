from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FUNDSTELLE_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults() -> None:
    settings = load_settings()
    assert settings.home.name == "fundstelle"
    assert settings.home.is_absolute()
    assert Path(settings.embedder).parts[-3:] == ("retrieval", "models", "embedder")
    assert Path(settings.reader).parts[-3:] == ("retrieval", "models", "reader")
    assert settings.telegram_token is None
    assert settings.telegram_base_url == "https://api.telegram.org"
    assert (settings.language, settings.top_k, settings.no_answer_threshold) == ("de", 5, None)


def test_flag_over_environment_over_file_over_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FUNDSTELLE_TOP_K=2\nFUNDSTELLE_READER=file\nFUNDSTELLE_LANGUAGE=en\n", "utf-8")
    monkeypatch.setenv("FUNDSTELLE_TOP_K", "3")
    monkeypatch.setenv("FUNDSTELLE_READER", "environment")
    settings = load_settings(top_k=4)
    assert (settings.top_k, settings.reader, settings.language) == (4, "environment", "en")


def test_flag_that_was_not_given_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_NO_ANSWER_THRESHOLD", "0.4")
    assert load_settings(no_answer_threshold=None).no_answer_threshold == 0.4
    assert load_settings(no_answer_threshold=0.0).no_answer_threshold == 0.0


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_TOKEN", "")
    monkeypatch.setenv("FUNDSTELLE_TOP_K", "")
    settings = load_settings()
    assert settings.telegram_token is None
    assert settings.top_k == 5


def test_home_is_expanded_and_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(home="~/articles").home == tmp_path / "articles"
    assert load_settings(home="articles").home == tmp_path / "articles"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TOP_K", "many", "Die Einstellung FUNDSTELLE_TOP_K ist „many“; erlaubt ist: eine ganze Zahl von 1 bis 50."),
        ("TOP_K", "0", "Die Einstellung FUNDSTELLE_TOP_K ist „0“; erlaubt ist: eine ganze Zahl von 1 bis 50."),
        ("LANGUAGE", "fr", "Die Einstellung FUNDSTELLE_LANGUAGE ist „fr“; erlaubt ist: de oder en."),
        (
            "NO_ANSWER_THRESHOLD",
            "1.5",
            "Die Einstellung FUNDSTELLE_NO_ANSWER_THRESHOLD ist „1.5“; erlaubt ist: eine Zahl von 0 bis 1, etwa 0.35.",
        ),
        (
            "TELEGRAM_BASE_URL",
            "localhost",
            "Die Einstellung FUNDSTELLE_TELEGRAM_BASE_URL ist „localhost“; erlaubt ist: die Adresse eines "
            "Bot-API-Servers, etwa http://localhost:8081.",
        ),
    ],
)
def test_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(f"FUNDSTELLE_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == message


def test_several_wrong_values_are_all_named() -> None:
    with pytest.raises(SettingsError, match=r"FUNDSTELLE_LANGUAGE.*FUNDSTELLE_TOP_K"):
        load_settings(top_k=99, language="fr")


def test_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_TOKEN", "123:hidden")
    settings = load_settings()
    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == "123:hidden"
    assert "hidden" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        load_settings(telegram_token=["123:hidden"])
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("name", ["TELEGRAM_WEBHOOK_LISTEN", "METRICS_LISTEN"])
def test_an_address_to_listen_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for value in ("localhost:80", "0.0.0.0:9464", "[::1]:8443"):
        monkeypatch.setenv(f"FUNDSTELLE_{name}", value)
        assert getattr(load_settings(), name.lower()) == value
    for value in ("9464", "localhost", "localhost:", ":80", "a b:80", "[::1]"):
        monkeypatch.setenv(f"FUNDSTELLE_{name}", value)
        with pytest.raises(SettingsError, match=rf"{name} ist „.*“; erlaubt ist: Rechner und Port"):
            load_settings()


def test_the_webhook_s_address_and_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_WEBHOOK_URL", "https://bot.example.org:8443/a/b")
    assert load_settings().telegram_webhook_url == "https://bot.example.org:8443/a/b"
    for value in ("http://bot.example.org/", "bot.example.org", "https://"):
        monkeypatch.setenv("FUNDSTELLE_TELEGRAM_WEBHOOK_URL", value)
        with pytest.raises(SettingsError, match="öffentliche https-Adresse"):
            load_settings()
    monkeypatch.delenv("FUNDSTELLE_TELEGRAM_WEBHOOK_URL")
    for value in ("not allowed, not allowed", "allowed"):
        monkeypatch.setenv("FUNDSTELLE_TELEGRAM_WEBHOOK_SECRET", value)
        with pytest.raises(SettingsError) as caught:
            load_settings()
        assert "FUNDSTELLE_TELEGRAM_WEBHOOK_SECRET ist ungültig" in str(caught.value)
        assert "allowed" not in str(caught.value)


def test_env_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("FUNDSTELLE_HOME=/tmp/Übung".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"Die Datei \.env ist nicht lesbar"):
        load_settings()


def test_people_on_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert (settings.telegram_owners, settings.telegram_allowed, settings.telegram_open) == (set(), set(), None)
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_OWNERS", " 17, 18 ,")
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_ALLOWED", "-1001")
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_OPEN", "false")
    settings = load_settings()
    assert (settings.telegram_owners, settings.telegram_allowed, settings.telegram_open) == ({17, 18}, {-1001}, False)
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_OWNERS", "@anna")
    with pytest.raises(SettingsError, match=r"TELEGRAM_OWNERS ist „@anna“; erlaubt ist: Nummern von Telegram-Konten"):
        load_settings()


def test_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().web_hosts == frozenset()
    monkeypatch.setenv("FUNDSTELLE_WEB_HOSTS", " Example.org., bücher.example:8080 ,")
    assert load_settings().web_hosts == {"example.org", "xn--bcher-kva.example:8080"}
    for wrong in ("https://example.org", "example.org/a", "a b", "example.org:port", "..", "ich@example.org"):
        monkeypatch.setenv("FUNDSTELLE_WEB_HOSTS", wrong)
        with pytest.raises(SettingsError, match="FUNDSTELLE_WEB_HOSTS"):
            load_settings()
