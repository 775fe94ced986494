"""The live server: who may read, who may run code, and who is turned away."""

import asyncio
import http.client
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cs231n_lib.course.checkout import python
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import server as module
from tests import loops
from tests.ports import free_ports

SCRIPT = """
import sys
from pathlib import Path
from cs231n_lib.course.__main__ import without_a_grammar
without_a_grammar()  # as the command does
from cs231n_lib.course.publishing.server import Kernels, make_server
Kernels.start_spare = lambda self: None
html, work, port, behind = sys.argv[1:]
server = make_server(Path(html), Path(work), port=int(port), behind=behind)
server.log_level = "INFO"
server.identity_provider.renewed = lambda: print(server.address, flush=True)
print("port", server.port)
print(server.address, flush=True)
server.start()
"""


class Site:
    """A running server and what its terminal says."""

    def __init__(self, folder, port=None, behind="", script=SCRIPT):
        port = port or free_ports(1)[0]
        html, work, log = folder / "html", folder / "work", folder / "log"
        (html / "_static").mkdir(parents=True)
        work.mkdir()
        (html / "index.html").write_text("<h1>Book</h1>")
        (html / "page.html").write_text("<h1>Page</h1>" + "words " * 1000)
        (folder / "secret.txt").write_text("not for readers")
        self.log = log
        # The reader's own settings for Jupyter must not open this server.
        config = folder / "config"
        config.mkdir()
        (config / "jupyter_server_config.py").write_text(
            "c.ServerApp.allow_origin = '*'\nc.IdentityProvider.token = ''\n"
            "c.ServerApp.disable_check_xsrf = True\n"
        )
        environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(config)}
        with log.open("w") as file:
            self.process = subprocess.Popen(
                python("-c", script, str(html), str(work), str(port), behind),
                stdout=file, stderr=subprocess.STDOUT, env=environment,
            )  # fmt: skip
        self.wait_for(lambda: "ticket=" in self.said())
        self.port = int(re.search(r"port (\d+)", self.said())[1])
        self.origin = f"http://localhost:{self.port}"
        self.cookies = {}

    def said(self):
        return self.log.read_text()

    def wait_for(self, happened):
        for _ in range(6000):
            if happened():
                return
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError(self.said())

    def ticket(self):
        return re.findall(r"ticket=([\w-]+)", self.said())[-1]

    def ask(self, path, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace") if answer.status != 101 else ""
        answer.close()
        connection.close()
        return answer

    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def allowed(self):
        """Headers of a page of the book in a signed-in browser."""
        return {"Cookie": self.cookie(), "X_XSRFToken": self.cookies["_xsrf"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    for path in (f"/?ticket={site.ticket()}", "/page.html"):
        answer = site.ask(path)
        for line in answer.headers.get_all("Set-Cookie"):
            name, value = line.split(";")[0].split("=", 1)
            site.cookies[name] = value
    yield site
    site.process.terminate()
    site.process.wait(timeout=300)


START = {"path": "page.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.fixture(scope="module")
def kernel(site):
    """The id of a kernel that a signed-in page started."""
    answer = site.ask("/api/sessions", "POST", json.dumps(START), **site.allowed())
    assert answer.status == 201, answer.text
    return json.loads(answer.text)["kernel"]["id"]


def test_anyone_on_this_machine_may_read(site):
    assert "Book" in site.ask("/").text
    answer = site.ask("/page.html", Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    told = {"watch": False, "engines": {"jupyter": {"signedIn": False}}}
    assert json.loads(site.ask("/live.json").text) == told


def test_a_ticket_signs_in_once_and_leaves_the_address(site):
    ticket = site.ticket()
    answer = site.ask(f"/page.html?ticket={ticket}")
    assert (answer.status, answer.headers["Location"]) == (302, "/page.html")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    again = site.ask(f"/?ticket={ticket}")
    assert again.status == 403
    assert "Set-Cookie" not in again.headers
    assert "used before" in again.text
    assert site.ticket() != ticket


def test_a_wrong_ticket_signs_nobody_in(site):
    answer = site.ask("/?ticket=" + "x" * 32)
    assert answer.status == 403
    assert "username" not in str(answer.headers)


def test_a_signed_in_browser_is_told_so(site):
    told = json.loads(site.ask("/live.json", Cookie=site.cookie()).text)
    assert told == {"watch": False, "engines": {"jupyter": {"signedIn": True}}}


def test_a_signed_in_page_gets_a_kernel(site, kernel):
    running = json.loads(site.ask("/api/kernels", **site.allowed()).text)
    assert [each["id"] for each in running] == [kernel]
    assert site.ask(f"/api/kernels/{kernel}/channels", **site.allowed(), **SOCKET).status == 101


@pytest.mark.parametrize("path", ["/api/kernels", "/api/sessions", "/api/kernelspecs"])
def test_without_the_cookie_there_are_no_kernels(site, path):
    assert site.ask(path).status == 403
    assert site.ask(path, "POST", json.dumps(START)).status == 403


def test_without_the_cookie_there_is_no_web_socket(site, kernel):
    assert site.ask(f"/api/kernels/{kernel}/channels", **SOCKET).status == 403


def test_no_token_is_accepted_in_an_address_or_a_header(site):
    for token in ("", "x", site.ticket()):
        assert site.ask(f"/api/kernels?token={token}").status == 403
        assert site.ask("/api/kernels", Authorization=f"token {token}").status == 403


def test_csrf_a_form_of_another_site_starts_nothing(site):
    """The browser might send the cookie; it cannot know the page's XSRF token."""
    without = site.ask("/api/sessions", "POST", json.dumps(START), Cookie=site.cookie())
    assert without.status == 403
    wrong = site.ask(
        "/api/sessions", "POST", json.dumps(START), Cookie=site.cookie(), X_XSRFToken="2|0|0|0"
    )
    assert wrong.status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:1", "null"])
def test_cors_another_origin_gets_nothing(site, kernel, origin):
    for path in ("/live.json", "/page.html", "/api/kernels"):
        answer = site.ask(path, Origin=origin, **site.allowed())
        assert "Access-Control-Allow-Origin" not in answer.headers, path
    started = site.ask("/api/sessions", "POST", json.dumps(START), Origin=origin, **site.allowed())
    assert started.status in (403, 404)
    socket = site.ask(f"/api/kernels/{kernel}/channels", Origin=origin, **site.allowed(), **SOCKET)
    assert socket.status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:PORT", "192.168.1.5:PORT"])
def test_dns_rebinding_a_foreign_host_name_is_refused(site, host):
    for path in ("/", "/page.html", "/live.json", "/api/kernels"):
        named = host.replace("PORT", str(site.port))
        answer = site.ask(path, Host=named, **site.allowed())
        assert answer.status == 403, path
        assert "words" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_goes_by_its_own_names(site, host):
    assert site.ask("/page.html", Host=f"{host}:{site.port}").status == 200


@pytest.mark.parametrize("path", ["/", "/page.html", "/live.json", "/api/kernels", "/none.html"])
def test_every_answer_forbids_other_hosts(site, path):
    headers = site.ask(path, **site.allowed()).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/_static"],
)
def test_nothing_outside_the_book_is_given(site, path):
    answer = site.ask(path, **site.allowed())
    assert answer.status in (403, 404)
    assert "not for readers" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/api/contents", "/api/contents/x", "/api/terminals", "/files/x", "/lab", "/login", "/tree",
     "/nbconvert/html/x", "/api/config/x"],
)  # fmt: skip
def test_the_rest_of_jupyter_is_not_there(site, path):
    assert site.ask(path, **site.allowed()).status == 404


def test_a_missing_page_is_told_in_words(site):
    answer = site.ask("/none.html")
    assert answer.status == 404
    assert "The book has no such page" in answer.text


def test_secrets_stand_in_no_page_and_no_log(site):
    ticket = site.ticket()
    assert ticket not in site.ask("/page.html", **site.allowed()).text
    assert ticket not in site.ask("/live.json", **site.allowed()).text
    site.ask(f"/page.html?ticket={ticket}")
    logged = [line for line in site.said().splitlines() if not line.startswith("http://")]
    assert logged
    assert not [line for line in logged if ticket in line]
    assert not [line for line in logged if re.search(r"(ticket|token)=(?!\[secret\]|\.\.\.)", line)]


def test_it_listens_on_this_machine_only(site):
    """Every socket of the server is bound to a loopback address."""
    listening = Path(f"/proc/{site.process.pid}/net/tcp")
    if not listening.exists():
        pytest.skip("needs Linux's /proc to see which addresses are listened on")
    port = f"{site.port:04X}"
    rows = [line.split() for line in listening.read_text().splitlines()[1:]]
    bound = [row[1] for row in rows if row[1].endswith(f":{port}") and row[3] == "0A"]
    assert bound == [f"0100007F:{port}"]


def test_serving_to_other_machines_is_warned_of(monkeypatch, capsys, tmp_path):
    class Stub:
        identity_provider = type("Ticket", (), {})()
        address = "http://0.0.0.0:8888/?ticket=abc"
        log = None

        def start(self):
            pass

    monkeypatch.setattr(module, "build", lambda told: False)
    monkeypatch.setattr(module, "make_server", lambda *_, **__: Stub())
    module.serve(ip="127.0.0.1", open_page=False)
    assert "Warning" not in capsys.readouterr().out
    module.serve(ip="0.0.0.0", open_page=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "Warning: --ip 0.0.0.0 lets other machines reach this server" in said
    assert "not encrypted" in said


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    [port] = free_ports(1)
    address = "https://hub.example.edu/user/anne/book"
    site = Site(tmp_path_factory.mktemp("proxied"), port, address)
    yield site
    site.process.terminate()
    site.process.wait(timeout=300)


def test_behind_a_proxy_everything_lies_below_its_address(proxied):
    base, host = "/user/anne/book/", {"Host": "hub.example.edu"}
    assert f"https://hub.example.edu{base}?ticket=" in proxied.said()
    assert proxied.ask(f"{base}page.html", **host).status == 200
    assert f'href="{base}"' in proxied.ask(f"{base}nothing.html", **host).text
    signed_in = proxied.ask(f"{base}page.html?ticket={proxied.ticket()}", **host)
    assert (signed_in.status, signed_in.headers["Location"]) == (302, f"{base}page.html")
    page = proxied.ask(f"{base}page.html", **host)
    cookies = {}
    for line in signed_in.headers.get_all("Set-Cookie") + page.headers.get_all("Set-Cookie"):
        name, value = line.split(";")[0].split("=", 1)
        cookies[name] = value
        assert f"path={base}" in line.lower()  # other people's servers on the hub get none of it
    assert "secure" in signed_in.headers["Set-Cookie"].lower()
    allowed = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X_XSRFToken": cookies["_xsrf"], "Origin": "https://hub.example.edu", **host,
    }  # fmt: skip
    live = json.loads(proxied.ask(f"{base}live.json", **allowed).text)
    assert live["engines"]["jupyter"] == {"signedIn": True}
    started = proxied.ask(f"{base}api/sessions", "POST", json.dumps(START), **allowed)
    assert started.status == 201, started.text
    foreign = {**allowed, "Origin": "https://evil.example"}
    assert proxied.ask(f"{base}api/sessions", "POST", json.dumps(START), **foreign).status == 404
    assert proxied.ask(f"{base}page.html", Host="evil.example").status == 403


def test_an_address_that_is_shown_can_be_opened_at_once(tmp_path):
    opened = """
import socket
socket.create_connection(("localhost", server.port)).close()
print("opened before the loop runs", flush=True)
server.start()
"""
    site = Site(tmp_path, script=SCRIPT.replace("server.start()", opened))
    site.wait_for(lambda: "opened before the loop runs" in site.said())
    site.process.terminate()
    assert site.process.wait(timeout=300) == 0


@pytest.mark.parametrize("address", ["hub.example.edu/book", "/book/", "ftp://hub/book"])
def test_what_is_no_address_of_a_proxy_is_told(tmp_path, address):
    with pytest.raises(UserError, match="expected https://"):
        module.make_server(tmp_path, tmp_path, behind=address)


def test_ctrl_c_stops_it_with_its_kernels(tmp_path):
    if sys.platform == "win32":
        pytest.skip("needs POSIX signals")
    site = Site(tmp_path)
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(timeout=300) == 0
    assert "Traceback" not in site.said()


def test_ctrl_c_in_the_middle_of_an_event_stops_it_as_well(tmp_path):
    if sys.platform == "win32":
        pytest.skip("needs POSIX signals")
    interrupted = """
import signal
from tornado.platform.asyncio import BaseAsyncIOLoop
handle = BaseAsyncIOLoop._handle_events
def interrupt(loop, *event):
    signal.raise_signal(signal.SIGINT)
    handle(loop, *event)
BaseAsyncIOLoop._handle_events = interrupt
"""
    site = Site(tmp_path, script=interrupted + SCRIPT)
    socket.create_connection(("localhost", site.port)).close()  # an event of the server's socket
    assert site.process.wait(timeout=300) == 0
    assert "Traceback" not in site.said()


def test_an_interrupt_reaches_a_kernel_in_a_cell_and_not_while_it_loads():
    """A kernel is interrupted before it is ended: one that was loading printed a traceback."""
    if not Path("/proc/self/status").exists():
        pytest.skip("what a process ignores is read from /proc")

    async def live():
        manager = module.Kernels()
        kernel_id = await manager.start_fresh()
        kernel = manager.get_kernel(kernel_id)
        lines = Path(f"/proc/{kernel.provisioner.pid}/status").read_text().splitlines()
        (ignored,) = (int(line.split()[1], 16) for line in lines if line.startswith("SigIgn"))
        client = kernel.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=120)
            client.execute("import time\nprint('begun')\ntime.sleep(1000)")
            while (await client.get_iopub_msg(timeout=120))["msg_type"] != "stream":
                pass
            await kernel.interrupt_kernel()
            while (told := await client.get_shell_msg(timeout=120))["msg_type"] != "execute_reply":
                pass
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(kernel_id, now=True)
        return ignored, told

    ignored, told = loops.run(live())
    assert ignored >> (signal.SIGINT - 1) & 1
    assert told["content"]["ename"] == "KeyboardInterrupt"


def test_a_kernel_without_a_page_ends_and_one_with_a_page_stays(monkeypatch):
    """Whether it is busy is not even looked at: an endless loop has no last activity."""
    now, ended = 0.0, []

    async def end(kernel_id, now):
        ended.append(kernel_id)

    async def spare():
        return "spare"

    class Manager:
        cull_idle_timeout = 300
        alone_since: dict = {}  # noqa: RUF012
        _kernel_connections = {"read": 1, "crashed": 0, "spare": 0}  # noqa: RUF012
        log = logging.getLogger("test")
        shutdown_kernel = staticmethod(end)
        cull = module.Kernels.cull_kernel_if_idle

    async def live():
        nonlocal now
        manager = Manager()
        manager.spare = asyncio.create_task(spare())
        await manager.spare
        for now in (0.0, 200.0, 400.0):
            for kernel_id in ("read", "crashed", "spare"):
                await manager.cull(kernel_id)
            assert ended == (["crashed"] if now > 300 else [])

    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    loops.run(live())


def test_a_site_that_carries_an_engine_offers_it_beside_the_kernels(site):
    carried = site.log.parent / "html" / "live.json"
    carried.write_text('{"engines": {"in-page": {"bytes": 1}}}')
    told = json.loads(site.ask("/live.json").text)
    carried.unlink()
    assert told["engines"] == {"in-page": {"bytes": 1}, "jupyter": {"signedIn": False}}
