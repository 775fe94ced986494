// How many windows fit: shared by the figures on convolutions and on network patterns.
{
  const legal = (W, F, S, P) => Math.min(W, F, S) >= 1 && P >= 0 && W - F + 2 * P >= 0 && (W - F + 2 * P) % S === 0;

  // For each of W, F, S and P, the nearest values that make the geometry legal, the others kept.
  function nearestLegal(given) {
    const choices = [];
    for (const name of ["W", "F", "S", "P"]) {
      const found = [];
      for (const step of [-1, 1]) {
        for (let i = 1; i < given.W + 2 * given.P + given.S; i++) {
          const { W, F, S, P } = { ...given, [name]: given[name] + step * i };
          if (legal(W, F, S, P)) { found.push(given[name] + step * i); break; }
        }
      }
      if (found.length) choices.push(`${name}=${found.join(" or ")}`);
    }
    return choices.join(", ");
  }

  // {size} or {error}: the same words as cs231n_lib.layers.geometry.conv_output_size.
  function outputSize(W, F, S, P) {
    const way = W - F + 2 * P;
    const formula = `(W - F + 2P)/S + 1 = (${W} - ${F} + 2*${P})/${S} + 1`;
    if (way < 0) {
      return { error: `illegal geometry: the filter (F=${F}) is larger than the padded input `
        + `(W + 2P = ${W + 2 * P}), so ${formula} is below 1; `
        + `make F at most ${W + 2 * P} or P at least ${Math.ceil((F - W) / 2)}` };
    }
    if (way % S) {
      return { error: `illegal geometry: ${formula} = ${Number((way / S + 1).toPrecision(6))} is not a whole number; `
        + `nearest legal choices, one change at a time: ${nearestLegal({ W, F, S, P })}` };
    }
    return { size: way / S + 1 };
  }

  explore.outputSize = outputSize;
}
