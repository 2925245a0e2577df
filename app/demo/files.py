"""What the demo keeps in its data directory beside the database: demo.json and the secret key, for nobody else's eyes."""

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from app import audit
from app.core.errors import Misconfigured
from app.core.settings import Settings

DEMO_FILE = "demo.json"
KEY_FILE = "secret.key"
LOCK_FILE = "demo.lock"
ROLES = ("owner", "admin", "auditor")


def make_folder(folder: Path) -> None:
    """Makes the data directory, for us alone. One that is there already stays as it is. Raises Misconfigured."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error


def with_secret_key(settings: Settings, *, make: bool = True) -> Settings:
    """The settings with a secret key: the one that is set, else the one in the data directory, made at first if wanted."""
    path = settings.data_dir / KEY_FILE
    if settings.secret_key.get_secret_value() or not (make or path.exists()):
        return settings
    try:
        if not path.exists():
            write(path, secrets.token_hex(32))
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from error
    if len(key) < 32:
        raise Misconfigured(f"{path} holds no key of at least 32 characters. Remove the file, or set PLAUDIT_SECRET_KEY.")
    return settings.model_copy(update={"secret_key": SecretStr(key)})


def with_slack(settings: Settings) -> Settings:
    """The settings with a signing secret, so that Slack can be played towards the demo."""
    return settings.model_copy(update={"slack_signing_secret": SecretStr(slack_signing_secret(settings))})


def slack_signing_secret(settings: Settings) -> str:
    """The signing secret that is set, else the demo's own, which follows from its secret key."""
    if settings.slack_signing_secret.get_secret_value():
        return settings.slack_signing_secret.get_secret_value()
    key = with_secret_key(settings, make=False).secret_key.get_secret_value()
    return audit.sha256(f"plaudit demo slack {key}".encode()).hex()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While it lasts, no other demo founds anything in this data directory. Ends with the process at the latest."""
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(f"Another plaudit demo is just being set up in {folder}. Wait until it serves.") from None
        yield
    finally:
        os.close(descriptor)


def read_demo(folder: Path) -> dict[str, Any] | None:
    """The tokens of demo.json; None when there is none, or it is no demo.json."""
    try:
        tokens = orjson.loads((folder / DEMO_FILE).read_bytes())["tokens"]
        named = [tokens[role] for role in ROLES] + [member[name] for member in tokens["members"] for name in ("email", "token")]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return dict(tokens) if all(isinstance(name, str) for name in named) else None


def write_demo(folder: Path, address: str, tokens: dict[str, Any]) -> None:
    """demo.json, whole or not at all."""
    content = {"graphql": address, "tokens": tokens}
    try:
        write(folder / DEMO_FILE, orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    except OSError as error:
        raise _unusable(folder, error) from error


def write(path: Path, text: str) -> None:
    """A file that only we may read; whoever reads it sees all of the old or all of the new."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp's mode is 600
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _unusable(path: Path, error: Exception) -> Misconfigured:
    return Misconfigured(f"{path} cannot be used: {error}. Set PLAUDIT_DATA_DIR to a folder of yours.")
