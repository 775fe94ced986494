// Formulas on a narrow screen: a displayed one is set smaller, one in the text is broken behind a sign.
const formulas = (() => {
  // On a phone a formula is as large as the text, and smaller only as far as it has to be to fit
  // (--fit, a share of the text's size; book.css says where it counts).
  const SMALLEST = 0.81;
  const fitted = new WeakMap();
  // All at once: to measure one after another was changed lays the page out anew for each.
  function fit(all) {
    const changed = all.filter((e) => e.clientWidth && fitted.get(e) !== e.clientWidth);
    changed.forEach((e) => fitted.set(e, e.clientWidth));
    changed.forEach((e) => e.style.setProperty("--fit", 1));
    const long = changed.filter((e) => e.scrollWidth > e.clientWidth);
    const shares = long.map((e) => (e.clientWidth - 1) / e.scrollWidth);
    long.forEach((e, n) => e.style.setProperty("--fit", Math.max(shares[n], SMALLEST)));
  }

  // MathJax gives a sign and what follows it one space: 4 beside a relation, 3 beside an operator.
  const SPACES = [4, 3];
  const right = (box) => Math.max(...[...box.getClientRects()].map((line) => line.right));
  function breakUp(formula, place) {
    const math = formula.querySelector("mjx-math");
    if (!math) return;
    if (formula.classList.contains("broken")) {
      math.replaceChildren(...math.querySelectorAll(":scope > .piece > *"));
      formula.classList.remove("broken");
    }
    const parts = [...math.children];
    for (const least of SPACES) {
      if (right(math) <= right(place) + 1) return;
      const pieces = [[]];
      parts.forEach((part, n) => {
        const space = part.getAttribute("space");
        const sign = parts[n - 1]?.matches("mjx-mo") && parts[n - 1].getAttribute("space") === space;
        if (sign && space >= least) pieces.push([]);
        pieces.at(-1).push(part);
      });
      math.replaceChildren(...pieces.map((piece) => dom.html("span", { class: "piece" }, ...piece)));
      formula.classList.add("broken");
    }
  }

  addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    const inside = new Map();
    for (const formula of document.querySelectorAll(".bd-article span.math")) {
      const place = formula.closest("p, li, td, dd, figcaption, summary, label, div");
      inside.set(place, [...(inside.get(place) ?? []), formula]);
    }
    const watched = new ResizeObserver((entries) =>
      entries.forEach(({ target }) => inside.get(target).forEach((formula) => breakUp(formula, target))),
    );
    inside.forEach((_, place) => watched.observe(place));
  });

  return { fit };
})();
