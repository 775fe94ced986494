// Accessible names that the theme gets wrong: they must contain the words that are shown.
addEventListener("load", () => {
  document.querySelectorAll(".search-button-field").forEach((e) => e.removeAttribute("aria-label"));
  document.querySelectorAll(".theme-switch-button title").forEach((title) => title.remove());
});
