"""The demo in a process of its own, as its first line in a shell starts it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson

from app.demo import files

RUN = "from app import demo\nfrom app.core.settings import load\ndemo.run(load())"


class Served:
    """A demo in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder

    def until_it_accepts(self, port: int, seconds: float = 180) -> None:
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            assert self.process.poll() is None, self.process.communicate()
            with socket.socket() as knocking:
                if knocking.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("the demo does not answer")

    def until_it_answers(self, port: int | None = None, seconds: float = 180) -> dict[str, Any]:
        """The content of demo.json. While the port accepts, demo.json is whole."""
        path = self.folder / files.DEMO_FILE
        limit = time.monotonic() + seconds
        while port is None and time.monotonic() < limit:
            assert self.process.poll() is None, self.process.communicate()
            if path.exists():
                port = int(re.findall(r":(\d+)/", path.read_text())[0])
            time.sleep(0.01)
        assert port is not None
        self.until_it_accepts(port, seconds)
        assert httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=seconds).text == "ok"
        content: dict[str, Any] = orjson.loads(path.read_bytes())
        return content

    def ends(self) -> str:
        """Stops it as Ctrl+C does, and returns what it said."""
        self.process.send_signal(signal.SIGINT)
        said, wrong = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, wrong
        return said


@contextmanager
def serving(folder: Path, url: str = "", port: int = 0) -> Iterator[Served]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("PLAUDIT_")}
    environment = own | {"PLAUDIT_DATA_DIR": str(folder), "PLAUDIT_DATABASE_URL": url, "PLAUDIT_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    try:
        yield Served(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
