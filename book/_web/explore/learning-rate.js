// Gradient descent on a landscape: too small crawls, too large oscillates, then diverges.
{
  const { svg, number } = explore;
  const STEPS = 60;
  const LANDSCAPES = {
    bowl: { label: "round bowl", start: [-3.2, 1.6], steep: 1,
      loss: (x, y) => 0.5 * (x * x + y * y), gradient: (x, y) => [x, y] },
    ravine: { label: "narrow ravine", start: [-3.2, 1.6], steep: 12,
      loss: (x, y) => 0.5 * (x * x + 12 * y * y), gradient: (x, y) => [x, 12 * y] },
    minima: { label: "two minima", start: [-0.4, 1.7], steep: null,
      loss: (x, y) => (x * x - 4) ** 2 / 16 + 0.3 * x + y * y + 0.7,
      gradient: (x, y) => [(x * (x * x - 4)) / 4 + 0.3, 2 * y] },
  };

  // The points visited: v = momentum * v - rate * gradient; point += v.
  function descend(landscape, rate, momentum, steps = STEPS) {
    const { start, gradient } = LANDSCAPES[landscape];
    let [x, y] = start, vx = 0, vy = 0;
    const points = [[x, y]];
    for (let i = 0; i < steps; i++) {
      const [gx, gy] = gradient(x, y);
      vx = momentum * vx - rate * gx;
      vy = momentum * vy - rate * gy;
      x += vx;
      y += vy;
      points.push([x, y]);
    }
    return points;
  }

  function verdict(landscape, points) {
    const { loss } = LANDSCAPES[landscape];
    const losses = points.map(([x, y]) => loss(x, y));
    const last = losses.at(-1);
    const flips = (axis) => points.filter((p, i) => i > 1 && (p[axis] - points[i - 1][axis]) * (points[i - 1][axis] - points[i - 2][axis]) < 0).length;
    if (!Number.isFinite(last) || last > losses[0]) return "diverges: each step overshoots by more than it gains";
    if (Math.max(flips(0), flips(1)) > STEPS / 4) return last < 0.01 * losses[0] ? "oscillates, but converges" : "oscillates: it jumps from wall to wall and gains little";
    const [[x0, y0], [x1, y1]] = points.slice(-2);
    return Math.hypot(x1 - x0, y1 - y0) < 1e-3 ? "converges" : "is still on its way after 60 steps: a larger rate or momentum would be quicker";
  }

  function contours(node, { loss }, sx, sy, box) {
    const levels = [0.1, 0.4, 1, 2, 4, 7, 11, 16, 22];
    const n = 64, dx = 8 / n, dy = 5 / n;
    for (const level of levels) { // marching squares, one path a level
      let d = "";
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const x = -4 + i * dx, y = -2.5 + j * dy;
          const corners = [[x, y], [x + dx, y], [x + dx, y + dy], [x, y + dy]].map(([a, b]) => [a, b, loss(a, b) - level]);
          const cut = [];
          corners.forEach((p, c) => {
            const q = corners[(c + 1) % 4];
            if (p[2] < 0 !== q[2] < 0) {
              const t = p[2] / (p[2] - q[2]);
              cut.push([sx(p[0] + t * (q[0] - p[0])), sy(p[1] + t * (q[1] - p[1]))]);
            }
          });
          if (cut.length >= 2) d += explore.path(cut.slice(0, 2));
        }
      }
      node.append(svg("path", { d, class: "descent-level" }));
    }
  }

  function build(ui) {
    const landscape = ui.select("Landscape", Object.entries(LANDSCAPES).map(([key, { label }]) => [key, label]), "ravine");
    const rate = ui.slider("Learning rate", { min: -3, max: 0.5, step: 0.02, value: -1.5, show: (e) => number(10 ** e, 3) });
    const momentum = ui.slider("Momentum", { min: 0, max: 0.98, step: 0.02, value: 0, show: (v) => number(v) });
    let points;

    const map = ui.canvas("Contours of the loss and the path of gradient descent", (w) => Math.min(330, w * 0.62), (node, width, height) => {
      const box = { left: 1, top: 1, width: width - 2, height: height - 2 };
      const sx = (x) => box.left + ((x + 4) / 8) * box.width, sy = (y) => box.top + (1 - (y + 2.5) / 5) * box.height;
      const clip = `clip-${Math.random().toString(36).slice(2)}`;
      const inner = svg("g", { "clip-path": `url(#${clip})` });
      node.append(svg("clipPath", { id: clip }, svg("rect", { x: box.left, y: box.top, width: box.width, height: box.height })), inner);
      contours(inner, LANDSCAPES[landscape.value], sx, sy);
      const shown = points.filter(([x, y]) => Math.abs(x) < 1e4 && Math.abs(y) < 1e4).map(([x, y]) => [sx(x), sy(y)]);
      inner.append(svg("path", { d: explore.path(shown), class: "ex-line ex-stroke ex-b" }));
      shown.forEach(([cx, cy], i) => inner.append(svg("circle", { cx, cy, r: i ? 3 : 7, class: "ex-fill ex-b ex-point" })));
      inner.append(svg("text", { x: shown[0][0] + 12, y: shown[0][1] - 8, class: "ex-ink ex-b" }, "start"));
      node.append(svg("rect", { x: box.left, y: box.top, width: box.width, height: box.height, class: "ex-frame" }));
    });
    const curve = ui.canvas("Loss against step, logarithmic", () => 190, (node, width, height) => {
      const box = explore.axes(node, { left: 46, top: 24, width: width - 58, height: height - 68, x: [0, STEPS], y: [-6, 3], ylog: true, xlabel: "step", ylabel: "loss" });
      const { loss } = LANDSCAPES[landscape.value];
      const d = explore.path(points.map(([x, y], i) => [box.sx(i), box.sy(Math.min(3, Math.max(-6, Math.log10(loss(x, y)))))]));
      node.append(svg("path", { d, class: "ex-line ex-stroke ex-b" }));
    });

    return () => {
      points = descend(landscape.value, 10 ** rate.value, momentum.value);
      map.redraw();
      curve.redraw();
      const { loss, steep } = LANDSCAPES[landscape.value];
      const limit = steep && (2 * (1 + momentum.value)) / steep;
      const last = loss(...points.at(-1));
      ui.say(`Learning rate ${number(10 ** rate.value, 3)}, momentum ${number(momentum.value)}: gradient descent ${verdict(landscape.value, points)}. `
        + `Loss ${number(loss(...points[0]))} at the start, ${last < 5e-5 ? "below 0.0001" : last < 1e6 ? number(last, 4) : "beyond all bounds"} after ${STEPS} steps.`
        + (limit ? ` On this landscape it diverges above ${number(limit, 3)}.` : ""));
    };
  }

  explore.figure("learning-rate", { title: "Explore: learning rate and momentum on a loss landscape", model: { descend }, build });
}
