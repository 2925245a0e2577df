"""The demo in Slack: what its start says can be typed works, and shows what Slack would show."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.demo_process import serving

LINE = "/kudos @ana 10 for the release #teamwork"
COMMAND = "from app.cli import main; main()"


def typed(folder: Path, address: str, *arguments: str) -> str:
    """What the command prints, one line after the other."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("PLAUDIT_")}
    command = [sys.executable, "-c", COMMAND, "slack", "simulate", *arguments, "--url", address]
    environment = own | {"PLAUDIT_DATA_DIR": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.long
def test_the_line_that_the_demo_prints_gives_and_is_shown_everywhere(tmp_path: Path):
    folder = tmp_path / "data"
    with serving(folder) as served:
        content = served.until_it_answers()
        address = content["graphql"].removesuffix("/graphql")

        given = typed(folder, address, LINE)
        asked = typed(folder, address, "/kudos values", "--as", "lucia")
        several = typed(folder, address, "/kudos @marta 5 for the coffee machine")
        forged = httpx2.post(f"{address}/slack/events", content=b"{}", headers={"content-type": "application/json"})
        taken_back = typed(folder, address, "/kudos undo")

        printed = served.ends()
    assert f'plaudit slack simulate "{LINE}"' in printed
    assert given.startswith(f"Kofi Mensah types: {LINE}\n")
    for shown in (
        "Sent: 10 lumens to @Ana Ferreira. You have ",
        "── #general\n   :sparkles: @Kofi Mensah gave @Ana Ferreira 10 lumens\n   │ the release #teamwork\n",
        "── #kudos\n",
        "── direct message to Ana Ferreira\n   :tada: @Kofi Mensah gave you 10 lumens\n",
    ):
        assert shown in given
    assert "#teamwork  Crew first" in asked
    assert "plaudit: Several people are called marta. Say which: marta.ribas, marta.quiroga" in several
    assert forged.status_code == 401
    assert "── #general: a message is gone" in taken_back
