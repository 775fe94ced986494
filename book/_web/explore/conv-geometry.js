// The geometry of a convolution: W, F, S, P, the picture, and why an illegal choice is illegal.
{
  const { svg, outputSize } = explore;

  function build(ui) {
    const W = ui.slider("Input width W", { min: 1, max: 12, value: 7 });
    const F = ui.slider("Filter width F", { min: 1, max: 7, value: 3 });
    const S = ui.slider("Stride S", { min: 1, max: 5, value: 2 });
    const P = ui.slider("Zero padding P", { min: 0, max: 3, value: 1 });
    const at = ui.slider("Filter position", { min: 1, max: 16, value: 1, show: (v) => `no. ${v}` });
    const error = explore.html("p", { class: "explore-error", "aria-live": "polite" });

    const values = () => [W.value, F.value, S.value, P.value];
    // Windows that really fit, legal or not: what a sliding filter meets before it falls off.
    const fitting = () => Math.max(0, Math.floor((W.value - F.value + 2 * P.value) / S.value) + 1);
    // Side by side on a wide page, one above the other on a phone.
    function layout(width) {
      const cells = W.value + 2 * P.value, out = Math.max(1, fitting());
      const wide = width > 520;
      const unit = wide ? Math.min(36, (width - 70) / (cells + out)) : Math.min(26, width / Math.max(cells, out));
      return { cells, out, wide, unit, height: unit * (wide ? Math.max(cells, out) : cells + out) + (wide ? 28 : 68) };
    }

    function grid(parent, left, top, unit, count, className) {
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < count; j++) {
          parent.append(svg("rect", { x: left + j * unit, y: top + i * unit, width: unit, height: unit,
            class: className(i, j) }));
        }
      }
    }

    const picture = ui.canvas("Input with its padding, the filter on it, and the output", (w) => layout(w).height, (node, width) => {
      const { cells, out, wide, unit } = layout(width);
      const count = fitting(), { size } = outputSize(...values()), p = P.value;
      const index = Math.min(at.value, count ** 2) - 1;
      const row = Math.floor(index / Math.max(count, 1)), column = index % Math.max(count, 1);
      const top = 24;
      node.append(svg("text", { x: 0, y: 14 }, p ? `input ${W.value} × ${W.value}, padded to ${cells} × ${cells}` : `input ${W.value} × ${W.value}`));
      const reach = (count - 1) * S.value + F.value; // pixels that some window covers
      grid(node, 0, top, unit, cells, (i, j) => {
        const inside = i >= p && j >= p && i < p + W.value && j < p + W.value;
        const lost = count && (i >= reach || j >= reach);
        return `conv-cell ${inside ? "conv-pixel" : "conv-pad"} ${lost ? "conv-lost" : ""}`;
      });
      if (!count) return;
      const window = (r, c) => ({ x: c * S.value * unit, y: top + r * S.value * unit, width: F.value * unit, height: F.value * unit });
      if (column + 1 < count) node.append(svg("rect", { ...window(row, column + 1), class: "conv-next" }));
      node.append(svg("rect", { ...window(row, column), class: "conv-window" }));
      const left = wide ? cells * unit + 60 : 0, below = wide ? top : top + cells * unit + 40;
      node.append(svg("text", { x: left, y: below - 10 }, size ? `output ${size} × ${size}` : `only ${count} × ${count} windows fit`));
      grid(node, left, below, unit, out, (i, j) => `conv-cell ${i === row && j === column ? "conv-here" : "conv-out"}`);
    });
    ui.stage.append(error);

    return () => {
      at.max = Math.max(1, fitting() ** 2);
      picture.redraw();
      const { size, error: message } = outputSize(...values());
      const [w, f, s, p] = values();
      error.textContent = message ?? "";
      const overlap = f - s;
      ui.say(message ? `This layer cannot be built: the message above says why.${fitting() ? " No window would see the shaded last rows and columns." : ""}`
        : `(W − F + 2P)/S + 1 = (${w} − ${f} + ${2 * p})/${s} + 1 = ${size}. `
          + (size === w ? "The output keeps the size of the input. " : "")
          + (overlap > 0 ? `Neighbouring windows share ${overlap} of ${f} columns.`
            : overlap === 0 ? "Windows touch but do not overlap." : `Between windows ${-overlap} column${overlap < -1 ? "s are" : " is"} skipped.`));
    };
  }

  explore.figure("conv-geometry", { title: "Explore: which convolutions fit?", model: { outputSize }, build });
}
