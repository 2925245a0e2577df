"""Which web pages may open a live connection: browsers say where a page is from, and do not stop it themselves."""

from collections.abc import Iterable
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origins:
    """The server's own origin, and those that the settings name."""

    def __init__(self, public_url: str = "", allowed_origins: Iterable[str] = ()) -> None:
        self._known = {found for url in (public_url, *allowed_origins) if (found := _origin(url)) is not None}

    def allow(self, headers: Headers) -> bool:
        """Whether a handshake with these headers may go on. Whoever names no origin is no browser, and needs a token anyway."""
        given = [value for name, value in headers if name == b"origin"]
        if not given:
            return True
        if len(given) > 1:
            return False
        origin = _origin(given[0].decode("latin-1"))
        if origin is None:
            return False
        if origin in self._known:
            return True
        scheme, *here = origin
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        # A proxy may have taken the encryption off, so the scheme of the page says which port a bare host means.
        return len(hosts) == 1 and _origin(f"{scheme}://{hosts[0]}") == (scheme, *here)


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a web address; None for one that is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, _DEFAULT_PORTS[parts.scheme] if port is None else port
