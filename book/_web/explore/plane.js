// Three classes in a plane, for figures of regions: the regions painted, and marks that a reader moves.
{
  const { html } = explore;
  const WIDTH = 10, HEIGHT = 6, CELL = 0.0625, STEP = 0.1, FAR = 0.5;
  const COLUMNS = Math.round(WIDTH / CELL), ROWS = Math.round(HEIGHT / CELL);
  const COLOURS = ["a", "b", "c"], CLASSES = ["blue", "orange", "green"];
  const RGB = [[59, 139, 209], [222, 126, 44], [32, 166, 122]]; // readable on white and on black

  // The class of each cell of a fine grid, row by row from the top; `origin` is where (0, 0) lies.
  function grid([left, below], classOf) {
    return Uint8Array.from({ length: COLUMNS * ROWS }, (_, n) =>
      classOf(((n % COLUMNS) + 0.5) * CELL - left, HEIGHT - below - (Math.floor(n / COLUMNS) + 0.5) * CELL));
  }

  // A drawing on top of painted regions. `draw(node, to)` draws, `to(x, y)` gives pixels; its marks
  // have a `data-index` and are moved by dragging, or by the arrow keys after Tab; N goes to the next.
  // `at(i)` tells where mark i is, `move(i, x, y)` puts it there, `keys` adds keys of the figure's own.
  function open(ui, label, { origin, draw, count, at, move, keys = {} }) {
    const [left, below] = origin;
    const painted = html("canvas", { class: "knn-paint", "aria-hidden": "true" });
    const picture = ui.canvas(label, (width) => (width * HEIGHT) / WIDTH, (node, width) => {
      const unit = width / WIDTH;
      draw(node, (x, y) => [(x + left) * unit, (HEIGHT - below - y) * unit]);
    }, "group");
    const { node } = picture;
    node.before(painted);
    const plane = {
      chosen: 0,
      paint(cells) {
        Object.assign(painted, { width: COLUMNS, height: ROWS });
        const context = painted.getContext("2d"), image = context.createImageData(COLUMNS, ROWS);
        cells.forEach((label, n) => image.data.set([...RGB[label], 95], 4 * n));
        context.putImageData(image, 0, 0);
      },
      redraw() { // which mark has the focus is not lost, though all are made anew
        const focused = node.contains(document.activeElement);
        picture.redraw();
        if (focused) node.querySelector(`[data-index="${plane.chosen}"]`).focus({ preventScroll: true });
      },
    };
    function put(x, y) {
      move(plane.chosen, x, y);
      ui.changed();
    }
    node.addEventListener("keydown", (event) => {
      const [x, y] = at(plane.chosen), step = event.shiftKey ? FAR : STEP;
      const actions = {
        ArrowLeft: () => put(x - step, y), ArrowRight: () => put(x + step, y),
        ArrowUp: () => put(x, y + step), ArrowDown: () => put(x, y - step),
        n: () => { plane.chosen = (plane.chosen + 1) % count(); ui.changed(); },
        ...keys,
      };
      const action = actions[event.key] ?? actions[event.key.toLowerCase()];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
    node.addEventListener("pointerdown", (event) => {
      const index = event.target.dataset?.index;
      if (index === undefined) return;
      plane.chosen = Number(index);
      node.setPointerCapture(event.pointerId);
      event.preventDefault();
      ui.changed();
    });
    node.addEventListener("pointermove", (event) => {
      if (!node.hasPointerCapture(event.pointerId)) return;
      const box = node.getBoundingClientRect();
      put(((event.clientX - box.left) / box.width) * WIDTH - left, (1 - (event.clientY - box.top) / box.height) * HEIGHT - below);
    });
    return plane;
  }

  explore.plane = { open, grid, WIDTH, HEIGHT, COLUMNS, COLOURS, CLASSES };
}
