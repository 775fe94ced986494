// Decision regions of k nearest neighbours in the plane: move points, add an outlier, change k.
{
  const { svg, number, plane } = explore;
  const { WIDTH, HEIGHT, COLUMNS, COLOURS, CLASSES } = plane, ORIGIN = [0, 0];
  const START = [
    [1.2, 4.8, 0], [1.9, 3.6, 0], [2.6, 5.1, 0], [3.3, 4.3, 0], [2.2, 4.4, 0], [3.9, 5.4, 0], [1.0, 3.4, 0], [4.3, 3.5, 0],
    [6.2, 5.2, 1], [7.1, 4.4, 1], [8.2, 5.3, 1], [8.9, 4.1, 1], [7.6, 3.5, 1], [6.5, 4.0, 1], [9.2, 5.1, 1], [5.4, 4.6, 1],
    [3.4, 1.9, 2], [4.4, 1.0, 2], [5.3, 2.2, 2], [6.3, 1.3, 2], [4.9, 2.9, 2], [2.5, 1.2, 2], [6.9, 2.3, 2], [5.5, 0.8, 2],
  ];
  const OUTLIER = [2.7, 4.7, 2];

  // Class of (x, y): majority of the k nearest; ties to the lowest index, then the lowest class.
  function predict(points, k, metric, x, y) {
    const order = points.map(([px, py], i) => {
      const dx = Math.abs(px - x), dy = Math.abs(py - y);
      return [metric === "l1" ? dx + dy : dx * dx + dy * dy, i];
    }).sort((p, q) => p[0] - q[0] || p[1] - q[1]);
    const votes = [0, 0, 0];
    for (const [, i] of order.slice(0, k)) votes[points[i][2]]++;
    return votes.indexOf(Math.max(...votes));
  }

  // The class of every cell of a fine grid, and the number of connected regions.
  function regions(points, k, metric) {
    const cells = plane.grid(ORIGIN, (x, y) => predict(points, k, metric, x, y));
    const seen = new Uint8Array(cells.length);
    let count = 0;
    for (let start = 0; start < cells.length; start++) {
      if (seen[start]) continue;
      count++;
      const stack = [start];
      seen[start] = 1;
      while (stack.length) {
        const cell = stack.pop(), column = cell % COLUMNS;
        for (const next of [cell - COLUMNS, cell + COLUMNS, column ? cell - 1 : -1, column < COLUMNS - 1 ? cell + 1 : -1]) {
          if (next >= 0 && next < cells.length && !seen[next] && cells[next] === cells[cell]) { seen[next] = 1; stack.push(next); }
        }
      }
    }
    return { cells, count };
  }

  function build(ui) {
    let points = START.map((p) => [...p]);
    const k = ui.slider("Neighbours k", { min: 1, max: 15, value: 1 });
    const metric = ui.select("Distance", [["l2", "L2 (straight line)"], ["l1", "L1 (city blocks)"]]);
    const outlier = ui.checkbox("Add an outlier");
    outlier.addEventListener("input", () => {
      points = outlier.checked ? [...points, [...OUTLIER]] : points.slice(0, START.length);
      picture.chosen = outlier.checked ? START.length : 0;
    });
    ui.button("Put the points back", () => { points = [...START, OUTLIER].slice(0, points.length).map((p) => [...p]); });

    const clamp = (v, high) => Math.round(Math.min(high - 0.1, Math.max(0.1, v)) * 10) / 10;
    const picture = plane.open(ui, "Training points and the region where each class wins", {
      origin: ORIGIN,
      count: () => points.length,
      at: (i) => points[i],
      move: (i, x, y) => { points[i] = [clamp(x, WIDTH), clamp(y, HEIGHT), points[i][2]]; },
      keys: { Enter: () => { points[picture.chosen][2] = (points[picture.chosen][2] + 1) % 3; ui.changed(); } },
      draw: (node, to) => points.forEach(([x, y, label], i) => {
        const ours = i === picture.chosen, [left, top] = to(x, y);
        if (ours) node.append(svg("circle", { cx: left, cy: top, r: 14, class: "knn-ring" }));
        node.append(svg("path", {
          transform: `translate(${left} ${top})`, class: `ex-${COLOURS[label]} ex-fill ex-point knn-point`,
          d: ["M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0Z", "M-6.5-6.5h13v13h-13Z", "M0-8.5L8.5 6.5h-17Z"][label],
          role: "button", tabindex: ours ? 0 : -1, "data-index": i,
          "aria-label": `Point ${i + 1} of ${points.length}, ${CLASSES[label]}, at x ${number(x, 1)}, y ${number(y, 1)}`,
        }));
      }),
    });
    ui.stage.append(explore.html("p", { class: "explore-hint" },
      "Drag a point. Or press Tab to reach one, move it with the arrow keys, go to the next with N, and give it another class with Enter."));

    return () => {
      const drawn = regions(points, k.value, metric.value);
      picture.paint(drawn.cells);
      picture.redraw();
      const wrong = points.filter(([x, y, label]) => predict(points, k.value, metric.value, x, y) !== label).length;
      const classes = new Set(drawn.cells).size, islands = drawn.count - classes;
      ui.say(`k = ${k.value}, ${metric.value.toUpperCase()}: ${wrong} of ${points.length} training points fall in a region of another class; `
        + (islands ? `${islands} island${islands > 1 ? "s" : ""} cut off from the rest of ${islands > 1 ? "their classes" : "its class"}.` : "no islands, each class holds one piece of the plane."));
    };
  }

  explore.figure("knn-regions", { title: "Explore: k and the distance shape the decision regions", model: { predict, regions, START }, build });
}
