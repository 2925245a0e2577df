"""The seal: what must be kept secret and read again is stored under a key that stands outside the database."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.errors import Misconfigured


class Seal:
    """Encrypts under a key of its own for each purpose, derived from the secret key of the settings."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        if not secret_key:
            raise Misconfigured("PLAUDIT_SECRET_KEY: without it nothing can be encrypted. Make one with: openssl rand -hex 32")
        self._fernet = Fernet(base64.urlsafe_b64encode(_derived(secret_key, purpose)))
        self._marks = _derived(secret_key, f"{purpose} marks")

    def close(self, content: str) -> bytes:
        """The content, sealed; different each time."""
        return self._fernet.encrypt(content.encode())

    def mark(self, content: str) -> bytes:
        """Always the same for the same content: finds equal ones among what is sealed. Nobody guesses it without the key."""
        marking = HMAC(self._marks, SHA256())
        marking.update(content.encode())
        return marking.finalize()

    def open(self, sealed: bytes) -> str:
        """What was sealed. Raises Misconfigured when it was sealed under another key, or is no seal of ours."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Misconfigured(
                "PLAUDIT_SECRET_KEY: it is not the one that stored secrets were encrypted under. Put the old one back."
            ) from None


def _derived(secret_key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"plaudit {purpose}".encode()).derive(secret_key.encode())
