// What the theme leaves out for those who use a keyboard or a screen reader: names must contain
// the words that are shown.
addEventListener("load", () => {
  document.querySelectorAll(".search-button-field").forEach((e) => e.removeAttribute("aria-label"));
  document.querySelectorAll("details.hide > summary").forEach((e) => e.removeAttribute("aria-label"));
  // The arrow of a part of the contents is a picture alone.
  document.querySelectorAll("summary:has(> .toctree-toggle)").forEach((e) => e.setAttribute("aria-label", "Pages of this part"));
  // The icons' own titles; the button around them is labelled.
  document.querySelectorAll(".theme-switch-button svg").forEach((icon) => {
    icon.setAttribute("aria-hidden", "true");
    icon.removeAttribute("aria-labelledby");
    icon.querySelector("title")?.remove();
  });
});

// A long name in the list of contents is broken behind a dot or an underscore.
addEventListener("load", () => {
  for (const name of document.querySelectorAll(".bd-sidebar-secondary code .pre"))
    name.textContent = name.textContent.replace(/[._](?=\w)/g, "$&\u200b");
});

// What is wider than its place scrolls on its own: the keyboard can scroll it, and a faded edge says
// on which side there is more (data-more: "left", "right" or "both"; its look is in book.css), or that
// there is more below (data-below), where a cut between two rows would pass for the end of a table.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const more = (e) => {
    const hidden = e.scrollWidth - e.clientWidth;
    const sides = [e.scrollLeft > 1 && "left", hidden - e.scrollLeft > 1 && "right"].filter(Boolean);
    const below = e.scrollHeight - e.clientHeight - e.scrollTop;
    return {
      sides: hidden < 2 ? [] : sides,
      below: below > 4 && getComputedStyle(e).overflowY === "auto",
      scrolls: hidden > 1 && !e.hasAttribute("tabindex"),
    };
  };
  // First all is measured, then all is marked: the page is laid out once.
  const mark = (all) => {
    formulas.fit(all.filter((e) => e.matches("mjx-container[display]")));
    const found = all.map(more);
    all.forEach((e, n) => {
      const { sides, below, scrolls } = found[n];
      if (!sides.length) delete e.dataset.more;
      else e.dataset.more = sides.length > 1 ? "both" : sides[0];
      e.toggleAttribute("data-below", below);
      if (scrolls) e.tabIndex = 0;
    });
  };
  const scrollers = () =>
    [...document.querySelectorAll(".bd-article :is(mjx-container, div, picture, pre)")].filter((e) =>
      ["auto", "scroll"].includes(getComputedStyle(e).overflowX),
    );
  const watched = new ResizeObserver((entries) => mark(entries.map(({ target }) => target)));
  const watch = () => {
    const all = scrollers();
    mark(all);
    all.forEach((e) => watched.observe(e));
  };
  watch();
  addEventListener("scroll", (event) => event.target.closest?.(".bd-article") && mark([event.target]), true);
  // What a reader runs or moves makes new outputs and tables.
  let due = 0;
  new MutationObserver(() => {
    clearTimeout(due);
    due = setTimeout(watch, 200);
  }).observe(document.querySelector(".bd-article") ?? document.body, { childList: true, subtree: true });
});

// On paper nothing can be unfolded.
addEventListener("beforeprint", () => {
  document.querySelectorAll(".bd-article details:not([open])").forEach((e) => {
    e.open = true;
    addEventListener("afterprint", () => (e.open = false), { once: true });
  });
});
