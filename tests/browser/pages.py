"""A page of the book as a test opens it: watched from the start, and waited for until it rests."""

from contextlib import contextmanager

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


#: A formula is drawn by some twenty elements and spoken by ten: half of a chapter. Those of
#: MathJax's own kinds that have nothing but its own attributes, and no text where they draw, leave
#: axe nothing to judge. They go, and a box of the same size, or their text, stays; a formula with
#: anything else in it is left whole.
BOX = """() => {
  const own = new Set(`class style texclass type size space width height depth limits noic
    justify align dx form fence stretchy separator lspace rspace minsize maxsize movablelimits
    accent accentunder mathvariant mathsize displaystyle scriptlevel columnalign columnspacing
    rowspacing linethickness symmetric largeop voffset data-mjx-texclass data-mjx-auto-op
    data-mjx-variant data-mjx-alternate`.split(/\\s+/));
  const plain = (e) => [...e.attributes].every(({ name }) => own.has(name));
  const wordless = (e) => [...e.childNodes].every((n) => n.nodeType === Node.ELEMENT_NODE);
  const drawn = (e) => e.localName.startsWith("mjx-") && wordless(e);
  const spoken = (e) => e.namespaceURI.endsWith("MathML") && !e.hasAttribute("style");
  const found = [];
  const look = (formulas, part, text) => {
    for (const e of document.querySelectorAll(formulas)) {
      const inside = [...e.querySelectorAll("*")];
      if (!part(e) || !inside.every((each) => part(each) && plain(each))) continue;
      const { width, height } = e.getBoundingClientRect();
      const box = `display: inline-block; width: ${width}px; height: ${height}px; overflow: hidden`;
      const style = e.getAttribute("style");
      found.push({ e, box, style, parts: [...e.childNodes], text: text(e) });
    }
  };
  look("mjx-container > mjx-math", drawn, () => "");
  look("mjx-assistive-mml > math", spoken, (e) => e.textContent);
  for (const { e, text, box } of found) {
    e.replaceChildren(text);
    e.setAttribute("style", box);
  }
  window.unbox = () => found.forEach(({ e, parts, style }) => {
    e.replaceChildren(...parts);
    style === null ? e.removeAttribute("style") : e.setAttribute("style", style);
  });
  return found.length;
}"""


@contextmanager
def boxed(page):
    """Have each formula of a page be one box for a while; yield how many parts became one."""
    number = page.evaluate(BOX)
    try:
        yield number
    finally:
        page.evaluate("unbox()")
