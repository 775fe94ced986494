"""The live book behind the proxy of a hub, below an address of its own."""

import json
import shutil
import socket
import subprocess
import time
from urllib.request import Request, urlopen

import pytest

from tests.browser.conftest import Server
from tests.browser.hub import PATH
from tests.ports import free_ports

pytestmark = pytest.mark.browser


@pytest.fixture
def proxy(tmp_path):
    """Return a function that has a proxy pass ``/user/anne/book/`` on; it gives the address."""
    program = shutil.which("configurable-http-proxy", path=PATH)
    if program is None:
        pytest.skip("needs a proxy (extra 'hub')")
    port, api_port = free_ports(2)
    process = subprocess.Popen(
        [program, "--ip", "127.0.0.1", "--port", str(port), "--api-port", str(api_port)],
        env={"PATH": PATH, "CONFIGPROXY_AUTH_TOKEN": "test"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", api_port)) == 0:
                break
        time.sleep(0.1)

    def add(target):
        request = Request(
            f"http://127.0.0.1:{api_port}/api/routes/user/anne/book", method="POST",
            data=json.dumps({"target": target}).encode(), headers={"Authorization": "token test"},
        )  # fmt: skip
        urlopen(request, timeout=300).close()

    yield f"http://127.0.0.1:{port}/user/anne/book/", add
    process.terminate()
    process.wait(timeout=300)


def test_a_cell_runs_behind_a_proxy(html, tmp_path, proxy, chromium, expect):
    address, add = proxy
    [port] = free_ports(1)
    server = Server(html, tmp_path, port, behind=address)
    try:
        add(f"http://localhost:{server.port}")
        assert server.address.startswith(f"{address}?ticket=")
        page = chromium.new_context().new_page()
        page.goto(server.address)
        page.wait_for_url(f"{address}intro.html")  # the first page hands on to the introduction
        page.goto(f"{address}01_data_driven.html")
        page.get_by_role("button", name="Run this page live").click()
        page.locator(".live-bar[data-state=ready]").wait_for()
        page.get_by_role("button", name="Run cell").first.click()
        expect(page.locator("div.live-cell[data-live=done]")).not_to_have_count(0)
        kernels = page.evaluate("fetch('api/kernels').then(answer => answer.json())")
        assert len(kernels) == 2  # this page's, and one started ahead
    finally:
        server.stop()
