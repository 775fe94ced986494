// How far back one output looks: the receptive field grows with depth, filter and stride.
{
  const { svg } = explore;
  // Pixels of the input seen by one neuron after each of `depth` equal layers: r grows by (F-1) jumps.
  function receptiveField(depth, F, S) {
    const sizes = [1];
    let jump = 1;
    for (let layer = 0; layer < depth; layer++) {
      sizes.push(sizes.at(-1) + (F - 1) * jump);
      jump *= S;
    }
    return sizes;
  }

  function build(ui) {
    const depth = ui.slider("Layers", { min: 1, max: 5, value: 3 });
    const F = ui.slider("Filter width F", { min: 1, max: 7, step: 2, value: 3 });
    const S = ui.slider("Stride S", { min: 1, max: 2, value: 1 });

    const picture = ui.canvas("One neuron of the last layer and everything below it that it depends on",
      () => 46 * (depth.value + 1) + 8, (node, width) => {
        const total = receptiveField(depth.value, F.value, S.value).at(-1);
        const label = 62, unit = Math.min(34, (width - label) / total);
        const rowTop = (layer) => 4 + 46 * (depth.value - layer);
        // Cells [from, to] of each layer that the top neuron sees, in that layer's own grid.
        const counts = [1];
        for (let layer = depth.value; layer > 0; layer--) counts.unshift((counts[0] - 1) * S.value + F.value);
        const middle = label + (width - label) / 2;
        const centre = (layer, i) => middle + (i - (counts[layer] - 1) / 2) * unit * S.value ** layer;
        for (let layer = depth.value; layer > 0; layer--) {
          for (const [i, side] of [[0, -1], [counts[layer] - 1, 1]]) {
            const j = i * S.value + (side < 0 ? 0 : F.value - 1);
            node.append(svg("line", { x1: centre(layer, i) + side * unit / 2, y1: rowTop(layer) + 22,
              x2: centre(layer - 1, j) + side * unit / 2, y2: rowTop(layer - 1), class: "ex-stroke ex-n ex-dash" }));
          }
        }
        counts.forEach((count, layer) => {
          node.append(svg("text", { x: 0, y: rowTop(layer) + 16, class: "ex-tick" }, layer ? `layer ${layer}` : "input"));
          for (let i = 0; i < count; i++) {
            node.append(svg("rect", { x: centre(layer, i) - unit / 2, y: rowTop(layer), width: unit, height: 22,
              class: layer === depth.value ? "conv-cell conv-here" : "conv-cell conv-out" }));
          }
        });
      });

    return () => {
      picture.redraw();
      const sizes = receptiveField(depth.value, F.value, S.value);
      ui.say(`After ${depth.value} layer${depth.value > 1 ? "s" : ""} one neuron sees ${sizes.at(-1)} × ${sizes.at(-1)} pixels of the input. `
        + `Layer by layer: ${sizes.slice(1).join(", ")}.`
        + (S.value === 1 && F.value === 3 && depth.value === 3 ? " Three 3 × 3 layers see as much as one 7 × 7." : ""));
    };
  }

  explore.figure("receptive-field", { title: "Explore: what one neuron sees", model: { receptiveField }, build });
}
