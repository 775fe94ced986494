// Accessible names that the theme gets wrong: they must contain the words that are shown.
addEventListener("load", () => {
  document.querySelectorAll(".search-button-field").forEach((e) => e.removeAttribute("aria-label"));
  // The icons' own titles; the button around them is labelled.
  document.querySelectorAll(".theme-switch-button svg").forEach((icon) => {
    icon.setAttribute("aria-hidden", "true");
    icon.removeAttribute("aria-labelledby");
    icon.querySelector("title")?.remove();
  });
});
