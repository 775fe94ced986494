// Injected into every page: fetches the code of what the page really holds, and nothing else.
// A page holds a figure where it says <div class="explore" data-explore="knn-regions">, with a text
// inside for readers without JavaScript; it holds a quiz where it uses the directive {quiz}.
// Plain scripts, not modules, so that the book also works when opened from a folder (file://).
(() => {
  const root = new URL("../explore/", document.currentScript.src);

  function load(name) {
    const script = document.createElement("script");
    script.src = new URL(`${name}.js`, root);
    script.async = false; // keep the order: the kit before the figures
    document.head.append(script);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("explore.css", root);
    document.head.append(style);

    const figures = [...document.querySelectorAll("[data-explore]")].map((e) => e.dataset.explore);
    load("progress");
    if (document.querySelector(".quiz")) load("quiz");
    if (figures.length) ["kit", "geometry", ...new Set(figures)].forEach(load);
  });
})();
