// Three templates in the plane: turn them, shift their biases, or let gradient descent do it.
{
  const { svg, number } = explore;
  const WIDTH = 10, HEIGHT = 6, CELL = 0.0625, RATE = 0.1;
  const COLOURS = ["a", "b", "c"], CLASSES = ["blue", "orange", "green"];
  const RGB = [[59, 139, 209], [222, 126, 44], [32, 166, 122]]; // readable on white and on black
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
    let W = START.map((w) => [...w]), chosen = 0, steps = 0;
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

    const painted = explore.html("canvas", { class: "knn-paint", "aria-hidden": "true" });
    const picture = ui.canvas("Points, three templates as arrows, and the region where each class scores highest",
      (w) => (w * HEIGHT) / WIDTH, (node, width) => {
        const unit = width / WIDTH, at = (x, y) => [(x + WIDTH / 2) * unit, (HEIGHT / 2 - y) * unit];
        for (const [x, y, label] of POINTS) {
          const [left, top] = at(x, y);
          node.append(svg("path", { transform: `translate(${left} ${top})`, class: `ex-${COLOURS[label]} ex-fill ex-point`,
            d: ["M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z", "M-5-5h10v10h-10Z", "M0-6.5L6.5 5h-13Z"][label] }));
        }
        W.forEach(([u, v], c) => {
          const [x0, y0] = at(0, 0), [x, y] = at(u, v);
          node.append(svg("line", { x1: x0, y1: y0, x2: x, y2: y, class: `ex-${COLOURS[c]} ex-line ex-stroke` }));
          if (c === chosen) node.append(svg("circle", { cx: x, cy: y, r: 14, class: "knn-ring" }));
          node.append(svg("circle", { cx: x, cy: y, r: 8, class: `ex-${COLOURS[c]} ex-fill ex-point knn-point`, role: "button",
            tabindex: c === chosen ? 0 : -1, "data-index": c,
            "aria-label": `Template of ${CLASSES[c]}, ${number(u, 1)}, ${number(v, 1)}` }));
        });
      }, "group");
    const { node } = picture;
    node.before(painted);
    ui.stage.append(explore.html("p", { class: "explore-hint" },
      "Drag the end of an arrow. Or press Tab to reach one, move it with the arrow keys, and go to the next with N."));

    const clamp = (v, high) => Math.round(Math.min(high, Math.max(-high, v)) * 10) / 10;
    function move(x, y) {
      W[chosen] = [clamp(x, WIDTH / 2 - 0.2), clamp(y, HEIGHT / 2 - 0.2), W[chosen][2]];
      ui.changed();
    }
    node.addEventListener("keydown", (event) => {
      const [u, v] = W[chosen], step = event.shiftKey ? 0.5 : 0.1;
      const keys = {
        ArrowLeft: () => move(u - step, v), ArrowRight: () => move(u + step, v),
        ArrowUp: () => move(u, v + step), ArrowDown: () => move(u, v - step),
        n: () => { chosen = (chosen + 1) % W.length; ui.changed(); },
      };
      const action = keys[event.key] ?? keys[event.key.toLowerCase()];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
    const place = (event) => {
      const box = node.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width - 0.5) * WIDTH, (0.5 - (event.clientY - box.top) / box.height) * HEIGHT];
    };
    node.addEventListener("pointerdown", (event) => {
      const index = event.target.dataset?.index;
      if (index === undefined) return;
      chosen = Number(index);
      node.setPointerCapture(event.pointerId);
      event.preventDefault();
      ui.changed();
    });
    node.addEventListener("pointermove", (event) => { if (node.hasPointerCapture(event.pointerId)) move(...place(event)); });

    function paint() {
      const columns = Math.round(WIDTH / CELL), rows = Math.round(HEIGHT / CELL);
      Object.assign(painted, { width: columns, height: rows });
      const context = painted.getContext("2d"), image = context.createImageData(columns, rows);
      for (let n = 0; n < columns * rows; n++) {
        const x = ((n % columns) + 0.5) * CELL - WIDTH / 2, y = HEIGHT / 2 - (Math.floor(n / columns) + 0.5) * CELL;
        image.data.set([...RGB[predict(W, x, y)], 95], 4 * n);
      }
      context.putImageData(image, 0, 0);
    }

    return () => {
      const focused = node.contains(document.activeElement);
      paint();
      picture.redraw();
      if (focused) node.querySelector(`[data-index="${chosen}"]`).focus({ preventScroll: true });
      const wrong = POINTS.filter(([x, y, label]) => predict(W, x, y) !== label).length;
      const { loss: value } = loss(W, name.value, reg.value, POINTS);
      ui.say(`${name.value === "svm" ? "SVM" : "Softmax"} loss ${number(value, 2)} after ${steps} step${steps === 1 ? "" : "s"}; ${wrong} of ${POINTS.length} points are in a region of another class.`);
    };
  }

  explore.figure("linear-classifier", { title: "Explore: three templates, their biases, and the loss", model: { predict, loss, POINTS, START }, build });
}
