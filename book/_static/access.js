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

// What is wider than the screen scrolls on its own; let the keyboard scroll it too.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const reach = () =>
    document.querySelectorAll(".bd-article :is(mjx-container, div, pre)").forEach((e) => {
      const scrolls = e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX === "auto";
      if (scrolls && !e.hasAttribute("tabindex")) e.tabIndex = 0;
    });
  reach();
  addEventListener("resize", reach);
});
