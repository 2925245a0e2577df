#!/usr/bin/env bash
# Proves that the wheel, installed elsewhere with nothing of this tree in sight, founds its demo, answers, and has the dashboard if it was built.
set -euo pipefail
cd "$(dirname "$0")/.."
make --silent .venv/.run

elsewhere=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true; rm -rf "$elsewhere"' EXIT
.tools/bin/python -m hatchling build -t wheel -d "$elsewhere"
.tools/bin/uv venv --quiet --python .venv/bin/python "$elsewhere/venv"
.tools/bin/uv pip sync --quiet --python "$elsewhere/venv/bin/python" --require-hashes --compile-bytecode requirements.lock
.tools/bin/uv pip install --quiet --python "$elsewhere/venv/bin/python" --no-deps "$elsewhere"/*.whl

cd "$elsewhere"
export PLAUDIT_DATA_DIR="$elsewhere/data"
PLAUDIT_PORT=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PLAUDIT_PORT
mkdir data
venv/bin/plaudit demo >server.log 2>&1 &
server=$!

BUILT=$([ -e "$OLDPWD/app/static/dist/index.html" ] && echo yes || echo no)
export BUILT
venv/bin/python - "$server" <<'PYTHON' || { cat server.log; exit 1; }
import json, os, re, sys, time
from pathlib import Path
from urllib.request import Request, urlopen

def first_token(node):
    """The first member's token, wherever demo.json keeps its members."""
    if isinstance(node, dict) and isinstance(node.get("token"), str):
        return node["token"]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return next((found for child in children if (found := first_token(child))), None)

def ask():
    token = first_token(json.loads(Path(os.environ["PLAUDIT_DATA_DIR"], "demo.json").read_text()))
    request = Request(
        f"http://127.0.0.1:{os.environ['PLAUDIT_PORT']}/graphql",
        json.dumps({"query": "{ viewer { organization { name } } }"}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)["data"]["viewer"]["organization"]["name"]

def page():
    """The dashboard's frame, and the script that it names."""
    home = f"http://127.0.0.1:{os.environ['PLAUDIT_PORT']}/app/"
    with urlopen(home, timeout=10) as answer:
        script = re.search(r'src="/app/(assets/[^"]+)"', answer.read().decode()).group(1)
    with urlopen(home + script, timeout=10) as answer:
        return len(answer.read())

deadline = time.monotonic() + 60
while True:
    try:
        print(f"The wheel serves: {ask()}")
        if os.environ["BUILT"] == "yes":
            print(f"The dashboard begins with a script of {page():,} bytes.")
        break
    except Exception as error:
        try:
            os.kill(int(sys.argv[1]), 0)
        except ProcessLookupError:
            sys.exit("The wheel's server ended by itself.")
        if time.monotonic() > deadline:
            sys.exit(f"The wheel does not serve: {error!r}")
        time.sleep(0.1)
PYTHON
