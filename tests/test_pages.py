"""The dashboard's files: kept for a year or never, nothing but what was built, and no request to anybody else."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from app import pages


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it, with something beside it that is nobody's to see."""
    (tmp_path / "secret.txt").write_text("not yours")
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Plaudit</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-4f2a.js").write_text("let a = 1")
    (folder / "assets" / "index-9c1b.css").write_text("a {}")
    return folder


@pytest.fixture
async def browser(built: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Asks the page's own server."""
    transport = httpx2.ASGITransport(Starlette(routes=pages.routes(built)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://plaudit.example") as client:
        yield client


@pytest.mark.parametrize("address", ["/app/", "/app/index.html", "/app/rewards", "/app/insights?from=2026-03-01", "/app/a/b/c"])
async def test_every_address_of_the_dashboard_is_the_page_and_never_kept(browser, address):
    answer = await browser.get(address)

    assert (answer.status_code, answer.text) == (200, "<!doctype html><title>Plaudit</title>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "kind"), [("index-4f2a.js", "text/javascript; charset=utf-8"), ("index-9c1b.css", "text/css; charset=utf-8")]
)
async def test_what_carries_its_digest_in_its_name_is_kept_for_a_year(browser, name, kind):
    answer = await browser.get(f"/app/assets/{name}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_script_is_packed_for_who_can_unpack_it(browser):
    packed = await browser.get("/app/assets/index-4f2a.js", headers={"accept-encoding": "gzip"})
    plain = await browser.get("/app/assets/index-4f2a.js", headers={"accept-encoding": "identity"})

    assert (packed.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert packed.text == plain.text == "let a = 1"
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


async def test_a_file_without_a_digest_is_not_kept(browser):
    answer = await browser.get("/app/favicon.svg")

    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/svg+xml", "no-store")


async def test_an_asset_of_yesterday_is_missing_and_not_the_page(browser):
    """A script that is a page would be an error that nobody understands; and its absence is not kept."""
    answer = await browser.get("/app/assets/index-0000.js")

    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize("address", ["/app/", "/app/assets/index-4f2a.js", "/app/favicon.svg", "/app/assets/none.js"])
async def test_every_answer_says_what_a_browser_may_do(browser, address):
    headers = (await browser.get(address)).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))

    assert headers["x-content-type-options"] == "nosniff"
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'")
    assert "http" not in headers["content-security-policy"], "nobody outside is asked for anything"


@pytest.mark.parametrize(
    "address",
    [
        "/app/../secret.txt",
        "/app/%2e%2e/secret.txt",
        "/app/..%2fsecret.txt",
        "/app/assets/..%2f..%2fsecret.txt",
        "/app//etc/passwd",
    ],
)
async def test_nothing_beside_the_folder_is_shown(browser, address):
    answer = await browser.get(address)

    assert "not yours" not in answer.text
    assert "root:" not in answer.text


async def test_one_arrives_at_the_dashboard(browser):
    assert (await browser.get("/")).headers["location"] == "/app/"


async def test_the_address_without_a_slash_leads_to_the_one_with_it(browser):
    answer = await browser.get("/app?give=true")

    assert (answer.status_code, answer.headers["location"]) == (307, "/app/?give=true")


async def test_where_nothing_is_built_the_page_says_what_to_do(tmp_path):
    transport = httpx2.ASGITransport(Starlette(routes=pages.routes(tmp_path)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://plaudit.example") as client:
        home, answer = await client.get("/"), await client.get("/app/rewards")

    assert home.headers["location"] == "/graphql"
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "make run" in answer.text
