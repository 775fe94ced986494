// Two losses on three scores: the hinge is content past the margin, cross-entropy never is.
{
  const { svg, number } = explore;
  const NAMES = ["cat", "car", "frog"]; // the cat is the true class

  // Loss, its gradient on the scores and the share of each class; the true class is 0.
  function hinge(scores) {
    const margins = scores.map((s, j) => (j ? Math.max(0, s - scores[0] + 1) : 0));
    const gradient = margins.map((m) => (m > 0 ? 1 : 0));
    gradient[0] = -gradient.reduce((a, b) => a + b, 0);
    return { terms: margins, loss: margins.reduce((a, b) => a + b, 0), gradient };
  }
  function softmax(scores) {
    const top = Math.max(...scores); // shift, so that exp cannot overflow
    const powers = scores.map((s) => Math.exp(s - top));
    const sum = powers.reduce((a, b) => a + b, 0);
    const probabilities = powers.map((p) => p / sum);
    const gradient = probabilities.map((p, j) => (j ? p : p - 1));
    return { probabilities, loss: Math.log(sum) - (scores[0] - top), gradient };
  }

  function build(ui) {
    const sliders = NAMES.map((name, j) => ui.slider(j ? `Score of ${name}` : `Score of ${name} (true)`,
      { min: -6, max: 6, step: 0.1, value: [1, 2, -1][j], show: (v) => number(v, 1) }));
    const set = (scores) => scores.forEach((s, j) => { sliders[j].value = s; });
    ui.button("Start: all equal", () => set([0, 0, 0]));
    ui.button("Just past the margin", () => set([3.1, 2, -1]));
    const scores = () => sliders.map((s) => s.value);

    const plot = ui.canvas("Both losses against the score of the true class, the other two scores held",
      (width) => (width > 520 ? 270 : 240), (node, width, height) => {
        const now = scores(), [, b, c] = now;
        const box = explore.axes(node, { left: 40, top: 26, width: width - 52, height: height - 70,
          x: [-6, 6], y: [0, 10], xlabel: "score of the true class", ylabel: "loss",
          legend: [["hinge", "ex-a"], ["softmax", "ex-b"]] });
        const edge = Math.max(b, c) + 1; // from here on the hinge is zero
        if (edge < 6) {
          node.append(svg("rect", { x: box.sx(edge), y: 26, width: box.sx(6) - box.sx(edge), height: height - 70, class: "hinge-calm" }),
            svg("text", { x: Math.min(box.sx(edge) + 6, width - 92), y: 42, class: "ex-tick" }, "past margin"));
        }
        for (const [f, name] of [[hinge, "ex-a"], [softmax, "ex-b"]]) {
          const points = [];
          for (let s = -6; s <= 6.001; s += 0.05) {
            const { loss } = f([s, b, c]);
            if (loss <= 10) points.push([box.sx(s), box.sy(loss)]);
          }
          node.append(svg("path", { d: explore.path(points), class: `ex-line ex-stroke ${name} ${f === softmax ? "ex-dash" : ""}` }));
          const { loss } = f(now);
          if (loss <= 10) {
            node.append(svg("circle", { cx: box.sx(now[0]), cy: box.sy(loss), r: 6, class: `ex-fill ex-point ${name}` }));
          }
        }
      });
    const table = ui.table("Each class: its share of the loss and the gradient on its score",
      ["class", "score", "hinge term", "hinge gradient", "probability", "softmax gradient"]);

    return () => {
      plot.redraw();
      const now = scores(), h = hinge(now), s = softmax(now);
      table(NAMES.map((name, j) => ({ cells: [j ? name : `${name} (true)`, number(now[j], 1),
        j ? number(h.terms[j]) : "–", number(h.gradient[j], 0), number(s.probabilities[j], 4), number(s.gradient[j], 4)] })));
      const lead = now[0] - Math.max(now[1], now[2]);
      ui.say(`Hinge loss ${number(h.loss)}, softmax loss ${number(s.loss, 4)}. `
        + (h.loss === 0 ? `The true class leads by ${number(lead, 1)}: the hinge is zero with zero gradient, yet softmax still asks for more.`
          : now.every((v) => v === now[0]) ? "All scores are equal, as at the start: the hinge is C − 1 = 2, softmax is log C = log 3."
            : `${h.terms.filter((m) => m > 0).length} of 2 wrong classes lie inside the margin of 1.`));
    };
  }

  explore.figure("hinge-softmax", { title: "Explore: hinge against softmax", model: { hinge, softmax }, build });
}
