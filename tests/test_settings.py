"""Settings: read from the environment, each documented, a wrong one refused by its name."""

from pathlib import Path

import pytest

from app.core.errors import Misconfigured
from app.core.settings import PREFIX, Settings, load
from integrations.slack import manifest

OPERATIONS = Path(__file__).parent.parent / "docs" / "operations.md"


def test_every_setting_is_documented_as_it_is():
    written = OPERATIONS.read_text(encoding="utf-8")

    for name, field in Settings.model_fields.items():
        assert field.description, name
        (line,) = [line for line in written.splitlines() if line.startswith(f"| `{PREFIX}{name.upper()}` |")]
        assert line.replace("`", "").endswith(f"| {field.description} |"), line


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "many", "PLAUDIT_PORT: Input should be a valid integer"),
        ("PORT", "70000", "PLAUDIT_PORT: Input should be less than or equal to 65535"),
        ("WORKERS", "0", "PLAUDIT_WORKERS: Input should be greater than or equal to 1"),
        ("DATABASE_URL", "mysql://root:hunter2@host/x", "PLAUDIT_DATABASE_URL: begins with postgresql:// or sqlite:///"),
        ("ALLOWED_ORIGINS", "https://ok.example, example.com", "PLAUDIT_ALLOWED_ORIGINS: 'example.com' is not an origin"),
        ("SECRET_KEY", "hunter2", "PLAUDIT_SECRET_KEY: has fewer than 32 characters"),
        ("LOG_LEVEL", "loud", "PLAUDIT_LOG_LEVEL: String should match pattern"),
    ],
)
def test_a_wrong_one_is_refused_by_name_and_secrets_stay_hidden(monkeypatch, name, value, sentence):
    monkeypatch.setenv(f"PLAUDIT_{name}", value)

    with pytest.raises(Misconfigured) as refused:
        load()

    assert sentence in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_what_is_shown_has_no_secrets(monkeypatch):
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", "postgresql://plaudit:hunter2@host/plaudit")
    monkeypatch.setenv("PLAUDIT_SECRET_KEY", "hunter2" * 8)

    shown = load().redacted()

    assert shown["PLAUDIT_DATABASE_URL"] == "postgresql://plaudit:***@host/plaudit"
    assert shown["PLAUDIT_SECRET_KEY"] == "(set)"
    assert "hunter2" not in str(shown)


def test_origins_are_parted_by_commas(monkeypatch):
    monkeypatch.setenv("PLAUDIT_ALLOWED_ORIGINS", "https://a.example, http://b.example:3000/")

    assert load().allowed_origins == ("https://a.example", "http://b.example:3000")


def test_features_are_parted_by_commas_and_the_usual_ones_are_those_of_the_manifest(monkeypatch):
    assert set(load().slack_features) == manifest.DEFAULT_FEATURES

    monkeypatch.setenv("PLAUDIT_SLACK_FEATURES", "groups, messages,")

    assert load().slack_features == ("groups", "messages")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"BOT_TOKEN": "xoxb-1"}, "PLAUDIT_SLACK_BOT_TOKEN needs PLAUDIT_SLACK_SIGNING_SECRET"),
        ({"CLIENT_ID": "1"}, "PLAUDIT_SLACK_CLIENT_ID and PLAUDIT_SLACK_CLIENT_SECRET go together"),
        ({"CLIENT_ID": "1", "CLIENT_SECRET": "hunter2"}, "PLAUDIT_SLACK_CLIENT_ID needs PLAUDIT_PUBLIC_URL"),
        ({"CLIENT_ID": "1", "BOT_TOKEN": "hunter2"}, "PLAUDIT_SLACK_BOT_TOKEN is for one workspace"),
    ],
)
def test_half_a_door_is_refused_and_says_what_is_missing(monkeypatch, given, sentence):
    for name, value in given.items():
        monkeypatch.setenv(f"PLAUDIT_SLACK_{name}", value)

    with pytest.raises(Misconfigured, match=sentence) as refused:
        load()

    assert "hunter2" not in str(refused.value)
