// How large should h be? Truncation falls with h, rounding grows: the V curve.
{
  const { svg, scientific, exponent } = explore;
  const FUNCTIONS = {
    cube: { label: "x³ at x = 2", x: 2, f: (x, r) => r(r(x * x) * x), slope: 12 },
    inverse: { label: "1/x at x = 2", x: 2, f: (x, r) => r(1 / x), slope: -0.25 },
    exp: { label: "exp(x) at x = 1", x: 1, f: (x, r) => r(Math.exp(x)), slope: Math.E },
  };
  const ROUND = { float64: (v) => v, float32: Math.fround };

  // Relative error of a difference quotient, every operation rounded to the given precision.
  function error(name, scheme, precision, h) {
    const { f, x, slope } = FUNCTIONS[name], r = ROUND[precision];
    const step = r(h), up = f(r(x + step), r);
    const quotient = scheme === "forward" ? r(r(up - f(r(x), r)) / step)
      : r(r(up - f(r(x - step), r)) / r(2 * step));
    return Math.abs(quotient - slope) / Math.abs(slope);
  }

  function sweep(name, scheme, precision) {
    const exponents = Array.from({ length: 161 }, (_, i) => -16 + i / 10);
    return exponents.map((e) => [e, error(name, scheme, precision, 10 ** e)]);
  }
  const best = (curve) => curve.reduce((a, b) => (b[1] > 0 && b[1] < a[1] ? b : a));

  function build(ui) {
    const name = ui.select("Function", Object.entries(FUNCTIONS).map(([key, { label }]) => [key, label]), "exp");
    const precision = ui.select("Precision", [["float64", "float64"], ["float32", "float32"]]);
    const h = ui.slider("Step h", { min: -16, max: 0, step: 0.5, value: -5,
      show: (e) => (Number.isInteger(e) ? exponent(e) : scientific(10 ** e)) });
    const low = -14;

    const plot = ui.canvas("Relative error of forward and centred differences against h, both axes logarithmic", () => 320, (node, width, height) => {
      const box = explore.axes(node, { left: 52, top: 26, width: width - 66, height: height - 72, x: [-16, 0], y: [low, 2],
        xlog: true, ylog: true, xlabel: "step h", ylabel: "relative error",
        legend: [["forward", "ex-b"], ["centred", "ex-a"]] });
      node.append(svg("line", { x1: box.sx(h.value), x2: box.sx(h.value), y1: box.sy(low), y2: box.sy(2), class: "ex-line ex-stroke ex-n ex-dash" }));
      for (const [scheme, colour] of [["forward", "ex-b"], ["centred", "ex-a"]]) {
        const at = (e, v) => [box.sx(e), box.sy(Math.min(2, Math.max(low, Math.log10(v))))];
        const d = explore.path(sweep(name.value, scheme, precision.value).map(([e, v]) => at(e, v)));
        node.append(svg("path", { d, class: `ex-line ex-stroke ${colour} ${scheme === "forward" ? "ex-dash" : ""}` }));
        const [cx, cy] = at(h.value, error(name.value, scheme, precision.value, 10 ** h.value));
        node.append(svg("circle", { cx, cy, r: 6, class: `ex-fill ex-point ${colour}` }));
      }
    });

    return () => {
      plot.redraw();
      const say = (scheme) => {
        const [e] = best(sweep(name.value, scheme, precision.value));
        return `${scheme} error ${scientific(error(name.value, scheme, precision.value, 10 ** h.value))} (smallest near h = ${scientific(10 ** e)})`;
      };
      const gone = error(name.value, "forward", precision.value, 10 ** h.value) === 1;
      ui.say(`At h = ${scientific(10 ** h.value)} in ${precision.value}: ${say("forward")}; ${say("centred")}.`
        + (gone ? " An error of exactly 1 means that x + h rounded back to x: the difference is zero." : ""));
    };
  }

  explore.figure("gradcheck-h", { title: "Explore: how small should h be?", model: { error, sweep }, build });
}
