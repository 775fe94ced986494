// Three templates in the plane: turn them, shift their biases, or let gradient descent do it.
{
  const { svg, number, plane } = explore;
  const { WIDTH, HEIGHT, COLOURS, CLASSES } = plane, ORIGIN = [WIDTH / 2, HEIGHT / 2], RATE = 0.1;
  const POINTS = [
    [-3.8, 1.8, 0], [-3.1, 0.6, 0], [-2.4, 2.1, 0], [-1.7, 1.3, 0], [-2.8, 1.4, 0], [-1.1, 2.4, 0],
    [1.2, 2.2, 1], [2.1, 1.4, 1], [3.2, 2.3, 1], [3.9, 1.1, 1], [2.6, 0.5, 1], [1.5, 1.0, 1],
    [-1.6, -1.1, 2], [-0.6, -2.0, 2], [0.3, -0.8, 2], [1.3, -1.7, 2], [-0.1, -1.4, 2], [0.8, -2.3, 2],
  ];
  const START = [[1.5, 0.3, 0], [-0.6, 1.2, 0], [-0.4, 1, 0]]; // a template [w1, w2, b] for each class: poor ones

  const score = ([u, v, b], x, y) => u * x + v * y + b;
  const argmax = (values) => values.indexOf(Math.max(...values)); // ties: the lowest class
  const predict = (W, x, y) => argmax(W.map((w) => score(w, x, y)));

  // Mean loss over [x, y, class] points, plus reg * sum(W * W), with its gradient, shaped like W.
  function loss(W, name, reg, points) {
    let value = 0;
    const gradient = W.map((w) => w.map((v) => 2 * reg * v));
    for (const [x, y, label] of points) {
      const scores = W.map((w) => score(w, x, y));
      let slope;
      if (name === "svm") {
        slope = scores.map((s, j) => (j !== label && s - scores[label] + 1 > 0 ? 1 : 0));
        value += scores.reduce((sum, s, j) => sum + slope[j] * (s - scores[label] + 1), 0) / points.length;
        slope[label] = -slope.reduce((a, b) => a + b, 0);
      } else {
        const top = Math.max(...scores); // shift, so that exp cannot overflow
        const powers = scores.map((s) => Math.exp(s - top)), sum = powers.reduce((a, b) => a + b, 0);
        value += (Math.log(sum) - (scores[label] - top)) / points.length;
        slope = powers.map((p, j) => p / sum - (j === label ? 1 : 0));
      }
      slope.forEach((s, j) => [x, y, 1].forEach((entry, i) => { gradient[j][i] += (s * entry) / points.length; }));
    }
    return { loss: value + reg * W.flat().reduce((sum, v) => sum + v * v, 0), gradient };
  }

  function build(ui) {
    let W = START.map((w) => [...w]), steps = 0;
    const name = ui.select("Loss", [["svm", "SVM"], ["softmax", "softmax"]]);
    const reg = ui.slider("Penalty λ", { min: 0, max: 0.2, step: 0.01, value: 0, show: (v) => number(v, 2) });
    const biases = CLASSES.map((colour, c) => {
      const slider = ui.slider(`Bias of ${colour}`, { min: -6, max: 6, step: 0.1, value: 0, show: (v) => number(v, 1) });
      slider.input.addEventListener("input", () => { W[c][2] = slider.value; });
      return slider;
    });
    const shown = () => W.forEach((w, c) => { biases[c].value = w[2]; });
    function descend(count) {
      for (let n = 0; n < count; n++) {
        const { gradient } = loss(W, name.value, reg.value, POINTS);
        W = W.map((w, c) => w.map((v, i) => v - RATE * gradient[c][i]));
      }
      steps += count;
      shown();
    }
    ui.button("One step", () => descend(1));
    ui.button("Fifty steps", () => descend(50));
    ui.button("Start again", () => { W = START.map((w) => [...w]); steps = 0; shown(); });

    const clamp = (v, high) => Math.round(Math.min(high, Math.max(-high, v)) * 10) / 10;
    const picture = plane.open(ui, "Points, three templates as arrows, and the region where each class scores highest", {
      origin: ORIGIN,
      count: () => W.length,
      at: (c) => W[c],
      move: (c, x, y) => { W[c] = [clamp(x, WIDTH / 2 - 0.2), clamp(y, HEIGHT / 2 - 0.2), W[c][2]]; },
      draw: (node, to) => {
        for (const [x, y, label] of POINTS) {
          const [left, top] = to(x, y);
          node.append(svg("path", { transform: `translate(${left} ${top})`, class: `ex-${COLOURS[label]} ex-fill ex-point`,
            d: ["M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z", "M-5-5h10v10h-10Z", "M0-6.5L6.5 5h-13Z"][label] }));
        }
        W.forEach(([u, v], c) => {
          const [x0, y0] = to(0, 0), [x, y] = to(u, v), ours = c === picture.chosen;
          node.append(svg("line", { x1: x0, y1: y0, x2: x, y2: y, class: `ex-${COLOURS[c]} ex-line ex-stroke` }));
          if (ours) node.append(svg("circle", { cx: x, cy: y, r: 14, class: "knn-ring" }));
          node.append(svg("circle", { cx: x, cy: y, r: 8, class: `ex-${COLOURS[c]} ex-fill ex-point knn-point`, role: "button",
            tabindex: ours ? 0 : -1, "data-index": c,
            "aria-label": `Template of ${CLASSES[c]}, ${number(u, 1)}, ${number(v, 1)}` }));
        });
      },
    });
    ui.stage.append(explore.html("p", { class: "explore-hint" },
      "Drag the end of an arrow. Or press Tab to reach one, move it with the arrow keys, and go to the next with N."));

    return () => {
      picture.paint(plane.grid(ORIGIN, (x, y) => predict(W, x, y)));
      picture.redraw();
      const wrong = POINTS.filter(([x, y, label]) => predict(W, x, y) !== label).length;
      const { loss: value } = loss(W, name.value, reg.value, POINTS);
      ui.say(`${name.value === "svm" ? "SVM" : "Softmax"} loss ${number(value, 2)} after ${steps} step${steps === 1 ? "" : "s"}; ${wrong} of ${POINTS.length} points are in a region of another class.`);
    };
  }

  explore.figure("linear-classifier", { title: "Explore: three templates, their biases, and the loss", model: { predict, loss, POINTS, START }, build });
}
