// What every explorable figure shares: controls, SVG, axes, and the sentence that says what is shown.
// A figure file calls explore.figure(name, {title, model, build}): `model` holds pure functions
// (the tests compare them with the Python library), `build(ui)` adds controls and returns `draw`.
const explore = (() => {
  const { html, svg } = dom;
  const models = {};

  let count = 0;
  const freshId = () => `explore-${++count}`;

  // The controls and the stage of one figure. Every change calls draw() once a frame.
  class Interface {
    constructor(root, title) {
      const id = freshId();
      this.controls = html("div", { class: "explore-controls" });
      this.stage = html("div", { class: "explore-stage" });
      this.status = html("p", { class: "explore-status", "aria-live": "polite" });
      this.figure = html("div", { role: "group", "aria-labelledby": id, class: "explore-figure" },
        html("p", { class: "explore-title", id }, title), this.controls, this.stage, this.status);
      root.append(this.figure);
    }

    changed() {
      if (this.pending) return;
      this.pending = requestAnimationFrame(() => { this.pending = 0; this.draw?.(); });
    }

    // A sentence for eyes and screen readers; spoken only when the reader pauses.
    say(text) {
      clearTimeout(this.speaking);
      this.speaking = setTimeout(() => { this.status.textContent = text; }, 120);
    }

    control(label, input, extra = []) {
      input.id = freshId();
      this.controls.append(html("div", { class: "explore-control" },
        html("label", { for: input.id }, label), input, ...extra));
      input.addEventListener("input", () => this.changed());
      return input;
    }

    // A range input with its value shown; `value` may be read and set, `show` formats it.
    slider(label, { min, max, step = 1, value, show = String }) {
      const output = html("output", { class: "explore-value" });
      const input = html("input", { type: "range", min, max, step, value });
      this.control(label, input, [output]);
      const refresh = () => {
        output.textContent = show(Number(input.value));
        input.setAttribute("aria-valuetext", output.textContent);
      };
      input.addEventListener("input", refresh);
      refresh();
      return {
        input,
        get value() { return Number(input.value); },
        set value(v) { input.value = v; refresh(); },
        set max(v) { input.max = v; refresh(); },
      };
    }

    select(label, options, value = options[0][0]) {
      const input = html("select", {}, ...options.map(([key, text]) =>
        html("option", { value: key, selected: key === value }, text)));
      return this.control(label, input);
    }

    checkbox(label) {
      return this.control(label, html("input", { type: "checkbox" }));
    }

    button(label, action) {
      const button = html("button", { type: "button", class: "explore-button" }, label);
      button.addEventListener("click", () => { action(); this.changed(); });
      if (!this.buttons) {
        this.buttons = html("div", { class: "explore-buttons" });
        this.controls.append(this.buttons);
      }
      this.buttons.append(button);
      return button;
    }

    // An SVG as wide as its column, redrawn in real pixels, so that text keeps its size on a phone.
    canvas(label, heightOf, draw, role = "img") {
      const node = svg("svg", { role, "aria-label": label, class: "explore-svg" });
      this.stage.append(node);
      const redraw = () => {
        const width = Math.max(240, Math.floor(node.clientWidth || this.stage.clientWidth));
        const height = Math.round(heightOf(width));
        node.setAttribute("viewBox", `0 0 ${width} ${height}`);
        node.setAttribute("height", height);
        node.replaceChildren();
        draw(node, width, height);
      };
      let seen = 0;
      new ResizeObserver(([entry]) => {
        if (Math.abs(entry.contentRect.width - seen) < 1) return;
        seen = entry.contentRect.width;
        this.changed();
      }).observe(node);
      return { node, redraw };
    }

    table(caption, head) {
      const body = html("tbody");
      this.stage.append(html("div", { class: "explore-scroll", tabindex: 0, role: "region", "aria-label": caption },
        html("table", { class: "explore-table" },
          html("caption", {}, caption),
          html("thead", {}, html("tr", {}, ...head.map((text) => html("th", { scope: "col" }, text)))),
          body)));
      // Rows of cells; a cell is a text, or [text, share] with a bar as long as its share.
      return (rows) => body.replaceChildren(...rows.map(({ cells, className = "" }) =>
        html("tr", { class: className }, ...cells.map((cell, i) => {
          const [text, share = 0] = [cell].flat();
          return html(i ? "td" : "th", { scope: i ? undefined : "row",
            style: share ? `--share: ${(100 * share).toFixed(1)}%` : undefined, class: share ? "ex-bar" : undefined }, text);
        }))));
    }
  }

  // Round numbers for ticks: about `wanted` of them in [low, high].
  function ticks(low, high, wanted = 5) {
    const raw = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
    const first = Math.ceil(low / step - 1e-9);
    return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) =>
      Number(((first + i) * step).toPrecision(12)));
  }

  const exponent = (e) => (e === 0 ? "1" : `10${[...String(e)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`);

  // Axes in the box (left, top, width, height); with `log`, limits and data are powers of ten.
  function axes(parent, { left, top, width, height, x, y, xlabel, ylabel, xlog, ylog, legend = [] }) {
    const sx = (v) => left + ((v - x[0]) / (x[1] - x[0])) * width;
    const sy = (v) => top + height - ((v - y[0]) / (y[1] - y[0])) * height;
    const name = (v, log) => (log ? exponent(v) : String(v).replace("-", "−"));
    const spread = (range, log, pixels, each) => ticks(...range, Math.max(2, pixels / each))
      .filter((v) => !log || Number.isInteger(v));
    for (const v of spread(x, xlog, width, 62)) {
      parent.append(svg("line", { class: "ex-grid", x1: sx(v), x2: sx(v), y1: top, y2: top + height }));
      parent.append(svg("text", { class: "ex-tick", x: sx(v), y: top + height + 18, "text-anchor": "middle" }, name(v, xlog)));
    }
    for (const v of spread(y, ylog, height, 34)) {
      parent.append(svg("line", { class: "ex-grid", x1: left, x2: left + width, y1: sy(v), y2: sy(v) }));
      parent.append(svg("text", { class: "ex-tick", x: left - 8, y: sy(v) + 4, "text-anchor": "end" }, name(v, ylog)));
    }
    parent.append(svg("rect", { class: "ex-frame", x: left, y: top, width, height }));
    if (xlabel) parent.append(svg("text", { class: "ex-label", x: left + width / 2, y: top + height + 38, "text-anchor": "middle" }, xlabel));
    if (ylabel) parent.append(svg("text", { class: "ex-label", x: left, y: top - 9, "text-anchor": "start" }, ylabel));
    if (legend.length) {
      parent.append(svg("text", { x: left + width, y: top - 9, "text-anchor": "end" },
        ...legend.map(([text, name], i) => svg("tspan", { class: `ex-ink ${name}`, dx: i ? 14 : 0 }, text))));
    }
    return { sx, sy };
  }

  // An SVG path through points, broken where a value is not finite.
  function path(points) {
    let pen = "M";
    return points.map(([x, y]) => {
      if (!Number.isFinite(x) || !Number.isFinite(y)) { pen = "M"; return ""; }
      const piece = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
      return piece;
    }).join("");
  }

  // Numbers as the book prints them: real minus signs, no more digits than they deserve.
  const number = (v, digits = 2) => (Number.isFinite(v) ? v.toFixed(digits).replace(/^-(?=0\.?0*$)/, "").replace("-", "−") : "∞");
  const integer = (v) => (v > Number.MAX_SAFE_INTEGER ? scientific(v) : v.toLocaleString("en-GB"));
  function scientific(v, digits = 1) {
    if (v === 0) return "0";
    if (!Number.isFinite(v)) return "∞";
    const [mantissa, power] = v.toExponential(digits).split("e");
    return `${mantissa.replace("-", "−")} × ${exponent(Number(power))}`.replace(" × 1", Number(power) ? " × 1" : "");
  }

  function figure(name, { title, model, build }) {
    models[name] = model;
    for (const root of document.querySelectorAll(`[data-explore="${name}"]`)) {
      const fallback = [...root.childNodes];
      const ui = new Interface(root, title);
      try {
        ui.draw = build(ui);
        ui.draw();
        fallback.forEach((node) => node.remove());
        root.dataset.ready = "";
      } catch (error) { // the static text stays, and the fault is not hidden
        ui.figure.remove();
        throw error;
      }
    }
  }

  return { figure, models, html, svg, axes, ticks, path, number, integer, scientific, exponent };
})();
