"""The dashboard's files, as `dashboard/` built them, under /app/: each under its own name, every other address shows the page."""

import gzip
import mimetypes
from pathlib import Path

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

BUILT = Path(__file__).parent / "static" / "dist"

# The page asks this server and nobody else. Parts that open and close write their measures as styles, hence the one exception.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
SAFE = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
FOR_EVER = {**SAFE, "cache-control": "public, max-age=31536000, immutable"}
"""A name under assets/ carries the digest of what is in it."""
NEVER = {**SAFE, "cache-control": "no-store"}
PACKED = (".js", ".css", ".svg")
"""Sent at a third of their size to who can unpack them."""

NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Plaudit</title>
<style>body { font: 1.0625rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1.5rem }</style>
<main>
  <h1>The dashboard is not built yet</h1>
  <p>It needs Node 20 or newer, with npm. Install them and start again with <code>make run</code>, which builds it once.</p>
  <p>Everything else works without it: <a href="/graphql">try the API</a>, or give in Slack.</p>
</main>
</html>
"""


def routes(folder: Path = BUILT) -> list[Route]:
    """What / and /app/ answer. The files are read once: nothing that is asked for ever becomes a path."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    page = files.pop("index.html", None)
    packed = {name: gzip.compress(content) for name, content in files.items() if name.endswith(PACKED)}

    async def home(_request: Request) -> Response:
        """To the dashboard; without one, to what always works."""
        return RedirectResponse("/graphql" if page is None else "/app/")

    async def slash(request: Request) -> Response:
        """Relative to the page, its address ends with a slash."""
        return RedirectResponse(URL("/app/").replace(query=request.url.query))

    async def asked(request: Request) -> Response:
        """A file, or the page: what stands behind an address of the dashboard is for the page to say."""
        name = request.path_params["name"]
        content = files.get(name)
        if content is not None:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            headers = dict(FOR_EVER if name.startswith("assets/") else NEVER)
            if name in packed:
                headers["vary"] = "accept-encoding"
                if "gzip" in request.headers.get("accept-encoding", ""):
                    content, headers["content-encoding"] = packed[name], "gzip"
            return Response(content, media_type=kind, headers=headers)
        if page is None:
            return HTMLResponse(NOT_BUILT, headers=NEVER)
        if name.startswith("assets/"):
            return Response("there is no such file", status_code=404, media_type="text/plain", headers=NEVER)
        return HTMLResponse(page, headers=NEVER)

    return [Route("/", home), Route("/app", slash), Route("/app/{name:path}", asked)]
