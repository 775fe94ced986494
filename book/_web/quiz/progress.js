// What the reader has read and solved, kept in this browser alone and sent nowhere.
const courseProgress = (() => {
  const KEY = "cs231n-progress";
  const root = new URL(document.documentElement.dataset.content_root || "./", location.href);
  const pageOf = (url) => {
    const { pathname } = new URL(url, location.href);
    const name = decodeURIComponent(pathname.slice(root.pathname.length)).replace(/\.html$/, "");
    return name.endsWith("/") || name === "" ? `${name}index` : name;
  };
  const here = pageOf(location.href);
  const counts = (page) => /^(\d\d_|labs\/)/.test(page); // chapters and labs, not the appendices

  let memory = {}; // used where the browser refuses storage
  function read() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
      return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
    } catch { return memory; }
  }
  function write(state) {
    memory = state;
    try { localStorage.setItem(KEY, JSON.stringify(state)); } catch { /* kept for this page only */ }
    show();
  }
  const update = (change) => {
    const state = read();
    state[here] = { ...state[here], ...change };
    write(state);
  };
  const solved = () => read()[here]?.solved ?? [];
  const solve = (question, total) => update({ solved: [...new Set([...solved(), question])].sort((a, b) => a - b), total });

  function describe(entry) {
    const parts = [];
    if (entry?.read) parts.push("read");
    if (entry?.solved?.length) parts.push(`quiz ${entry.solved.length} of ${entry.total}`);
    return parts.join(", ");
  }

  const sidebar = () => [...document.querySelectorAll(".bd-sidebar-primary nav a.internal")]
    .map((link) => ({ link, page: pageOf(link.getAttribute("href") === "#" ? location.href : link.href) }))
    .filter(({ page }) => counts(page));

  function showSidebar(state) {
    for (const { link, page } of sidebar()) {
      link.querySelector(".progress-mark")?.remove();
      const entry = state[page], text = describe(entry);
      if (!text) continue;
      const quiz = entry.solved?.length ? ` ${entry.solved.length}/${entry.total}` : "";
      link.append(dom.html("span", { class: "progress-mark" },
        dom.html("span", { "aria-hidden": "true" }, (entry.read ? "✓" : "") + quiz),
        dom.html("span", { class: "visually-hidden" }, ` (${text})`)));
    }
  }

  function showBox(state) {
    const box = document.querySelector("[data-progress]");
    if (!box) return;
    const pages = [...new Map(sidebar().map(({ link, page }) => [page, link]))];
    const done = pages.filter(([page]) => state[page]?.read).length;
    const bar = dom.html("progress", { max: Math.max(1, pages.length), value: done, "aria-label": "Chapters and labs read" });
    const list = dom.html("ul", {}, ...pages.filter(([page]) => describe(state[page])).map(([page, link]) => {
      const title = link.cloneNode(true);
      title.querySelector(".progress-mark")?.remove();
      return dom.html("li", {}, dom.html("a", { href: link.href }, title.textContent.trim()), `: ${describe(state[page])}`);
    }));
    const reset = dom.html("button", { type: "button" }, "Forget my progress");
    reset.addEventListener("click", () => {
      if (confirm("Forget which chapters you have read and which questions you have answered?")) write({});
    });
    const saved = `data:application/json,${encodeURIComponent(JSON.stringify(state, null, 1))}`;
    const save = dom.html("a", { href: saved, download: "cs231n-progress.json" }, "Save my progress as a file");
    const hadFocus = box.contains(document.activeElement);
    box.replaceChildren(
      dom.html("p", { "aria-live": "polite" }, dom.html("strong", {}, `${done} of ${pages.length}`), " chapters and labs read. Kept in this browser alone."),
      bar, list, save, " ", reset);
    if (hadFocus) reset.focus();
  }

  let tick;
  function addReadBox() {
    const article = document.querySelector("article.bd-article");
    if (!article || !counts(here)) return;
    tick = dom.html("input", { type: "checkbox", id: "progress-read" });
    tick.addEventListener("change", () => update({ read: tick.checked }));
    article.append(dom.html("div", { class: "progress-box progress-read" }, tick, dom.html("label", { for: "progress-read" }, "I have read this chapter")));
  }

  function show() {
    const state = read();
    if (tick) tick.checked = Boolean(state[here]?.read);
    showSidebar(state);
    showBox(state);
  }

  addReadBox();
  show();
  window.addEventListener("storage", show);
  window.addEventListener("pageshow", show); // back from another chapter
  return { solve, solved };
})();
