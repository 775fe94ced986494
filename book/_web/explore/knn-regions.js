// Decision regions of k nearest neighbours in the plane: move points, add an outlier, change k.
{
  const { svg, number } = explore;
  const WIDTH = 10, HEIGHT = 6, CELL = 0.0625, COLOURS = ["a", "b", "c"], CLASSES = ["blue", "orange", "green"];
  const RGB = [[59, 139, 209], [222, 126, 44], [32, 166, 122]]; // readable on white and on black
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
    const columns = Math.round(WIDTH / CELL), rows = Math.round(HEIGHT / CELL);
    const cells = new Uint8Array(columns * rows);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        cells[i * columns + j] = predict(points, k, metric, (j + 0.5) * CELL, HEIGHT - (i + 0.5) * CELL);
      }
    }
    const seen = new Uint8Array(cells.length);
    let count = 0;
    for (let start = 0; start < cells.length; start++) {
      if (seen[start]) continue;
      count++;
      const stack = [start];
      seen[start] = 1;
      while (stack.length) {
        const cell = stack.pop(), column = cell % columns;
        for (const next of [cell - columns, cell + columns, column ? cell - 1 : -1, column < columns - 1 ? cell + 1 : -1]) {
          if (next >= 0 && next < cells.length && !seen[next] && cells[next] === cells[cell]) { seen[next] = 1; stack.push(next); }
        }
      }
    }
    return { columns, rows, cells, count };
  }

  function build(ui) {
    let points = START.map((p) => [...p]), chosen = 0, drawn;
    const k = ui.slider("Neighbours k", { min: 1, max: 15, value: 1 });
    const metric = ui.select("Distance", [["l2", "L2 (straight line)"], ["l1", "L1 (city blocks)"]]);
    const outlier = ui.checkbox("Add an outlier");
    outlier.addEventListener("input", () => {
      points = outlier.checked ? [...points, [...OUTLIER]] : points.slice(0, START.length);
      chosen = outlier.checked ? START.length : 0;
    });
    ui.button("Put the points back", () => { points = [...START, OUTLIER].slice(0, points.length).map((p) => [...p]); });
    const help = explore.html("p", { class: "explore-hint" },
      "Drag a point. Or press Tab to reach one, move it with the arrow keys, go to the next with N, and give it another class with Enter.");

    const painted = explore.html("canvas", { class: "knn-paint", "aria-hidden": "true" });
    const picture = ui.canvas("Training points and the region where each class wins", (w) => (w * HEIGHT) / WIDTH, (node, width, height) => {
      const unit = width / WIDTH;
      points.forEach(([x, y, label], i) => {
        const ours = i === chosen;
        const at = { transform: `translate(${x * unit} ${height - y * unit})`, class: `ex-${COLOURS[label]} ex-fill ex-point knn-point`,
          d: ["M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0Z", "M-6.5-6.5h13v13h-13Z", "M0-8.5L8.5 6.5h-17Z"][label] };
        if (ours) node.append(svg("circle", { cx: x * unit, cy: height - y * unit, r: 14, class: "knn-ring" }));
        node.append(svg("path", { ...at, role: "button", tabindex: ours ? 0 : -1, "data-index": i,
          "aria-label": `Point ${i + 1} of ${points.length}, ${CLASSES[label]}, at x ${number(x, 1)}, y ${number(y, 1)}` }));
      });
    }, "group");
    const { node } = picture;
    node.before(painted);
    ui.stage.append(help);

    const clamp = (v, high) => Math.round(Math.min(high - 0.1, Math.max(0.1, v)) * 10) / 10;
    function move(x, y) {
      points[chosen][0] = clamp(x, WIDTH);
      points[chosen][1] = clamp(y, HEIGHT);
      ui.changed();
    }
    node.addEventListener("keydown", (event) => {
      const [x, y, label] = points[chosen];
      const step = event.shiftKey ? 0.5 : 0.1;
      const keys = {
        ArrowLeft: () => move(x - step, y), ArrowRight: () => move(x + step, y),
        ArrowUp: () => move(x, y + step), ArrowDown: () => move(x, y - step),
        n: () => { chosen = (chosen + 1) % points.length; ui.changed(); },
        Enter: () => { points[chosen][2] = (label + 1) % 3; ui.changed(); },
      };
      const action = keys[event.key] ?? keys[event.key.toLowerCase()];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
    const place = (event) => {
      const box = node.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * WIDTH, (1 - (event.clientY - box.top) / box.height) * HEIGHT];
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
      const { columns, rows, cells } = drawn;
      painted.width = columns;
      painted.height = rows;
      const context = painted.getContext("2d");
      const image = context.createImageData(columns, rows);
      cells.forEach((label, i) => image.data.set([...RGB[label], 95], 4 * i));
      context.putImageData(image, 0, 0);
    }

    return () => {
      const focused = node.contains(document.activeElement);
      drawn = regions(points, k.value, metric.value);
      paint();
      picture.redraw();
      if (focused) node.querySelector(`[data-index="${chosen}"]`).focus({ preventScroll: true });
      const wrong = points.filter(([x, y, label]) => predict(points, k.value, metric.value, x, y) !== label).length;
      const classes = new Set(drawn.cells).size, islands = drawn.count - classes;
      ui.say(`k = ${k.value}, ${metric.value.toUpperCase()}: ${wrong} of ${points.length} training points fall in a region of another class; `
        + (islands ? `${islands} island${islands > 1 ? "s" : ""} cut off from the rest of ${islands > 1 ? "their classes" : "its class"}.` : "no islands, each class holds one piece of the plane."));
    };
  }

  explore.figure("knn-regions", { title: "Explore: k and the distance shape the decision regions", model: { predict, regions, START }, build });
}
