"""Chromium for every browser test, and the accessibility checker that runs inside it."""

import subprocess
import sys
from pathlib import Path

import pytest

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import build, pdf, publish
from cs231n_lib.course.publishing.engine import fetch
from tests.browser import engine, firefox, host
from tests.ports import free_ports

AXE = Path(__file__).parent / "vendor" / "axe" / "axe.min.js"
#: No calls home: the tests must pass, quietly, on a machine without a network.
QUIET = [
    "--disable-gpu",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
]


#: A deadline, in milliseconds, for a busy machine: what comes earlier is seen earlier.
PATIENCE = 300_000


def patient(make):
    """Let what a browser makes wait as long as a busy machine may need."""

    def made(**options):
        found = make(**options)
        found.set_default_timeout(PATIENCE)
        return found

    return made


@pytest.fixture(scope="session")
def program():
    """The path of a Chromium."""
    try:
        return pdf.browser()
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def chromium(program):
    """A Chromium process, shared by all tests; each opens contexts of its own."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright (extra 'test')")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET, timeout=PATIENCE)
        browser.new_context = patient(browser.new_context)
        browser.new_page = patient(browser.new_page)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def engine_site(tmp_path_factory):
    """The engine and nothing else of the book, on a plain static host: its folder, its address."""
    if fetch.wheel() is None:
        pytest.skip("the engine is not in the cache: run `cs231n book engine`")
    site = tmp_path_factory.mktemp("engine")
    engine.write(site)
    with host.served(site) as address:
        yield site, address


@pytest.fixture(scope="session")
def published(html, tmp_path_factory):
    """The book with its engine, as `cs231n book publish` leaves it."""
    if fetch.wheel() is None:
        pytest.skip("the engine is not in the cache: run `cs231n book engine`")
    folder = tmp_path_factory.mktemp("published") / "site"
    assert publish.publish(folder) == "tried in a browser: 01_data_driven says what it stored"
    return folder


@pytest.fixture(scope="session")
def mozilla():
    """A Firefox, as a system has it."""
    pytest.importorskip("websocket", reason="needs websocket-client, which comes with JupyterLab")
    program = firefox.find()
    if program is None:
        pytest.skip("no Firefox was found (Debian: apt install firefox-esr)")
    with firefox.Firefox(program) as browser:
        yield browser


@pytest.fixture(scope="session")
def expect():
    """Playwright's assertions that wait."""
    expect = pytest.importorskip("playwright.sync_api").expect
    expect.set_options(timeout=PATIENCE)
    return expect


@pytest.fixture(scope="session")
def violations():
    """Return a function: the serious and critical findings of axe on a page, one line each.

    ``only`` names the rules to apply; all by default.
    """

    checker = AXE.read_text(encoding="utf-8")

    def violations(page, selector="body", only=None):
        if not page.evaluate("'axe' in window"):
            page.evaluate(checker)
        options = {"resultTypes": ["violations"], **({"runOnly": only} if only else {})}
        found = page.evaluate("([where, how]) => axe.run(where, how)", [selector, options])
        found = found["violations"]
        return [
            f"{v['id']} ({v['impact']}): {node['html'][:120]}"
            for v in found
            if v["impact"] in ("serious", "critical")
            for node in v["nodes"]
        ]

    return violations


@pytest.fixture(scope="session")
def html():
    """The built book, as `cs231n book build` leaves it; one process builds, others wait."""
    build.build(quiet=True)
    return build.html_folder()


class Server:
    """A live server in a process of its own; `address` signs a browser in, once."""

    SCRIPT = (
        "import sys; from pathlib import Path\n"
        "from cs231n_lib.course.publishing.server import make_server\n"
        "server = make_server(Path(sys.argv[1]), Path(sys.argv[2]), port=int(sys.argv[3]),"
        " behind=sys.argv[4])\n"
        "print(server.port); print(server.address, flush=True); server.start()"
    )

    def __init__(self, html, work, port, behind=""):
        command = [sys.executable, "-c", self.SCRIPT, str(html), str(work), str(port), behind]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.address = self.process.stdout.readline().strip()
        self.origin = self.address.partition("/?")[0]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=300)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """Return a function that starts a live server for a folder of pages."""
    started = []

    def serve(html, port=None):
        port = port or free_ports(1)[0]
        started.append(Server(html, tmp_path_factory.mktemp("work"), port))
        return started[-1]

    yield serve
    for server in started:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def book_server(serve, html):
    """The whole book on a live server."""
    return serve(html)


@pytest.fixture(scope="session")
def sign_in(chromium):
    """Return a function: the cookies of a browser opened with the address from the terminal."""

    def sign_in(server):
        context = chromium.new_context()
        page = context.new_page()
        page.goto(server.address)
        assert "ticket" not in page.url
        state = context.storage_state()
        context.close()
        return state

    return sign_in
