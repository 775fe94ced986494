"""Chromium for every browser test, and the accessibility checker that runs inside it."""

import shutil
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session")
def chromium():
    """A Chromium process, shared by all tests; each opens contexts of its own."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright (extra 'test')")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs Chromium: install your system's package 'chromium'")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def expect():
    """Playwright's assertions that wait."""
    return pytest.importorskip("playwright.sync_api").expect


@pytest.fixture(scope="session")
def violations():
    """Return a function: the serious and critical findings of axe on a page, one line each."""

    def violations(page, selector="body"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("selector => axe.run(selector)", selector)["violations"]
        return [
            f"{v['id']} ({v['impact']}): {node['html'][:120]}"
            for v in found
            if v["impact"] in ("serious", "critical")
            for node in v["nodes"]
        ]

    return violations
