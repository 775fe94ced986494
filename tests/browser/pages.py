"""A page of the book as a test opens it: watched from the start, and waited for until it rests."""

#: All that a page begins with: its scripts, its bars, its formulas and its letters.
SETTLED = """async () => {
  await dom.started;
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
}"""


def watched(context):
    """Return a new page that notes every request and every script error."""
    page = context.new_page()
    page.asked, page.failed, page.errors = [], [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("requestfailed", lambda request: page.failed.append(request.url))
    page.on("response", lambda r: page.failed.append(r.url) if r.status >= 400 else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    return page


def settle(page):
    """Wait until a page has all that it begins with."""
    page.wait_for_load_state()
    page.evaluate(SETTLED)
    return page


def foreign(page, own):
    """Return what a page asked of others than the address ``own``."""
    return [url for url in page.asked if not url.startswith((own, "data:", "blob:"))]
