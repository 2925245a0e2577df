"""Settings, read from the environment once: every one documented, a wrong one refused by name."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.errors import Misconfigured

PREFIX = "PLAUDIT_"
SECRET_KEY_CHARS_MIN = 32


class Settings(BaseSettings):
    """What an operator may set, each as `PLAUDIT_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on; 0 takes any free one.")
    data_dir: Path = Field(Path("data"), description="Folder for the SQLite database, demo.json and the demo's secret key.")
    database_url: str = Field(
        "", description="postgresql://user:password@host/name, or sqlite:///path. Empty: plaudit.db in the data directory."
    )
    workers: int = Field(1, ge=1, le=64, description="Number of server processes.")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Web origins, separated by commas, that browsers may call the API from (CORS and WebSocket). Empty: none."
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="At least 32 characters that encrypt stored secrets. The demo makes its own in the data directory.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    one_organization_per_batch: bool = Field(
        False, description="Commit each organization's acts apart, as Citus needs. Leave off on PostgreSQL and SQLite."
    )
    public_url: str = Field(
        "", description="Where browsers reach this server, such as https://plaudit.example.com. Slack needs it."
    )
    slack_signing_secret: SecretStr = Field(
        SecretStr(""), description="Signing secret of the Slack app; proves that a request is Slack's. Empty: no Slack over HTTP."
    )
    slack_bot_token: SecretStr = Field(SecretStr(""), description="Bot token (xoxb-…) where one workspace uses this server.")
    slack_organization: str = Field(
        "", description="Id or name of the organization that the bot token's workspace is. Empty: the only one."
    )
    slack_client_id: str = Field("", description="Client id of the Slack app where many workspaces install it.")
    slack_client_secret: SecretStr = Field(SecretStr(""), description="Client secret that belongs to the client id.")
    slack_app_token: SecretStr = Field(
        SecretStr(""), description="App-level token (xapp-…): Socket Mode, for a server without a public address."
    )
    slack_features: Annotated[tuple[str, ...], NoDecode] = Field(
        ("channels", "direct", "marks", "reactions"),
        description="Optional features of the Slack app, separated by commas; docs/slack.md lists them.",
    )
    slack_api_url: str = Field("https://slack.com/api/", description="Where Slack's Web API is; a stand-in's address in tests.")

    @field_validator("slack_features", mode="before")
    @classmethod
    def _features(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _origins(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _each_is_an_origin(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
                raise ValueError(f"{origin!r} is not an origin such as https://people.example.com")
        return value

    @field_validator("public_url", "slack_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query):
            raise ValueError("is not an address such as https://plaudit.example.com")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and value.split("://")[0] not in {"postgresql", "postgres", "sqlite"}:
            raise ValueError("begins with postgresql:// or sqlite:///")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < SECRET_KEY_CHARS_MIN:
            raise ValueError(f"has fewer than {SECRET_KEY_CHARS_MIN} characters; make one with: openssl rand -hex 32")
        return value

    @model_validator(mode="after")
    def _slack_is_whole(self) -> "Settings":
        """A door that is half set up is no door."""
        one, many = self.slack_bot_token.get_secret_value(), self.slack_client_id
        arrives = self.slack_signing_secret.get_secret_value() or self.slack_app_token.get_secret_value()
        if one and many:
            raise ValueError("PLAUDIT_SLACK_BOT_TOKEN is for one workspace, PLAUDIT_SLACK_CLIENT_ID for many. Set one of them.")
        if bool(many) != bool(self.slack_client_secret.get_secret_value()):
            raise ValueError("PLAUDIT_SLACK_CLIENT_ID and PLAUDIT_SLACK_CLIENT_SECRET go together. Set both.")
        if many and not (self.public_url and self.slack_signing_secret.get_secret_value()):
            raise ValueError("PLAUDIT_SLACK_CLIENT_ID needs PLAUDIT_PUBLIC_URL and PLAUDIT_SLACK_SIGNING_SECRET as well.")
        if one and not arrives:
            raise ValueError("PLAUDIT_SLACK_BOT_TOKEN needs PLAUDIT_SLACK_SIGNING_SECRET (HTTP) or …_APP_TOKEN (Socket Mode).")
        return self

    @property
    def database(self) -> str:
        """The URL in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'plaudit.db').absolute()}"

    def redacted(self) -> dict[str, str]:
        """Every setting by its environment name, with secrets and passwords hidden."""
        shown: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                text = "(set)" if value.get_secret_value() else ""
            elif isinstance(value, tuple):
                text = ",".join(value)
            else:
                text = str(value)
            if name.endswith("_url"):
                parts = urlsplit(text)
                if parts.password:
                    text = text.replace(f":{parts.password}@", ":***@")
            shown[PREFIX + name.upper()] = text
        return shown


def load(**changes: Any) -> Settings:
    """The settings of this process. Raises Misconfigured, which names each wrong one and what is wrong with it."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            reason = problem["msg"].removeprefix("Value error, ")
            if not problem["loc"]:  # what several of them say together
                lines.append(reason)
                continue
            name = PREFIX + str(problem["loc"][0]).upper()
            lines.append(f"{name}: {reason} (it is {_shown(name, problem['input'])})")
        raise Misconfigured("\n".join(lines)) from None


def _shown(name: str, value: object) -> str:
    return "hidden" if any(word in name for word in ("SECRET", "URL", "TOKEN")) else repr(value)
