"""The port: held before anything else is done, so that a busy one is a sentence and not a traceback."""

import errno
import socket

from app.core.errors import Misconfigured
from app.core.settings import Settings

BACKLOG = 2048
"""Connections that may wait to be taken."""


def bind(settings: Settings) -> socket.socket:
    """A socket that holds the port, and accepts nothing yet. Raises Misconfigured when the port cannot be had."""
    try:
        found = socket.getaddrinfo(settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise Misconfigured(f"PLAUDIT_HOST: {settings.host} is no address of this machine: {error}.") from error
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise _no_port(settings, error) from error
    return listening


def listen(listening: socket.socket, settings: Settings) -> None:
    """From now on the socket takes connections. Raises Misconfigured when another program was quicker."""
    try:
        listening.listen(BACKLOG)
    except OSError as error:  # Two sockets that do not listen may hold one port.
        raise _no_port(settings, error) from error


def _no_port(settings: Settings, error: OSError) -> Misconfigured:
    if error.errno == errno.EADDRNOTAVAIL:
        return Misconfigured(f"PLAUDIT_HOST: {settings.host} is no address of this machine.")
    if error.errno == errno.EADDRINUSE:
        port = settings.port
        return Misconfigured(
            f"PLAUDIT_PORT: port {port} is in use by another program. Stop it, or choose another: PLAUDIT_PORT=0 takes any."
        )
    return Misconfigured(f"PLAUDIT_PORT: port {settings.port} cannot be had: {error.strerror}. Choose another, for example 8000.")
