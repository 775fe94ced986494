// A network from its pattern string: shapes, parameters, memory and work, layer by layer.
// The grammar, its errors and the counting rules are those of cs231n_lib.nets.pattern and cs231n_lib.costs.account.
{
  const { html, integer, number, outputSize } = explore;
  const MAX_LAYERS = 1000, MAX_DEPTH = 20, ITEMSIZE = 4;
  const LAYERS = "CONV3-64, POOL2, RELU, BN, DROPOUT-0.5 or FC-10";
  const OPTIMISERS = { SGD: 0, Momentum: 1, Adam: 2 }; // arrays of the parameters' size kept between steps
  const product = (shape) => shape.reduce((a, b) => a * b, 1);

  class PatternError extends Error {
    constructor(message, position) {
      super(message);
      this.position = position;
    }
  }

  function images(shape) {
    if (shape.length !== 3) throw new Error(`needs images (C, H, W), got ${shape[0]} numbers: put it before FC`);
    return shape;
  }
  function slide(shape, channels, size, stride, pad) {
    const [, H, W] = images(shape);
    return [channels, ...[H, W].map((edge) => {
      const { size: out, error } = outputSize(edge, size, stride, pad);
      if (error) throw new Error(error);
      return out;
    })];
  }
  // What each kind of layer makes of a shape, and what it costs for one image.
  const KINDS = {
    CONV: ({ size, filters, stride, pad }, shape) => {
      const out = slide(shape, filters, size, stride, pad), window = shape[0] * size ** 2;
      return { out, activations: product(out), weights: filters * window, other: filters, work: product(out) * window };
    },
    POOL: ({ size, stride }, shape) => {
      const out = slide(shape, shape[0], size, stride, 0);
      return { out, activations: product(out) };
    },
    FC: ({ width }, shape) => {
      const weights = product(shape) * width;
      return { out: [width], activations: width, weights, other: width, work: weights };
    },
    RELU: (_, shape) => ({ out: shape, activations: 0 }), // overwrites its input
    BN: (_, shape) => ({ out: shape, activations: product(shape), other: 2 * shape[0] }),
    DROPOUT: (_, shape) => ({ out: shape, activations: product(shape) }),
  };

  // Recursive descent; every function reads on from `at`.
  function parse(pattern) {
    let at = 0;
    const fail = (message, position = at) => { throw new PatternError(message, position); };
    const next = (regex) => {
      const match = new RegExp(regex, "y");
      match.lastIndex = at;
      return match.exec(pattern)?.[0];
    };
    const skip = () => { at += next(/\s*/).length; };
    function sees(text) {
      skip();
      const found = pattern.startsWith(text, at);
      if (found) at += text.length;
      return found;
    }
    const expect = (text, message) => sees(text) || fail(message);
    function whole(what, least = 1) {
      const digits = next(/[0-9]{1,9}/) ?? fail(`expected ${what}, a whole number`);
      if (Number(digits) < least) fail(`${what} must be ${least} or more`);
      at += digits.length;
      return Number(digits);
    }
    function option(letter, what, preset, least) {
      if (!pattern.startsWith(letter, at)) return preset;
      at += 1;
      return whole(what, least);
    }
    const readers = {
      CONV() {
        const size = whole("the filter size");
        expect("-", "expected - and the number of filters");
        const filters = whole("the number of filters");
        const stride = option("s", "the stride", 1, 1);
        if (size % 2 === 0 && !pattern.startsWith("p", at)) fail(`no padding keeps the size with an even filter (${size}): say p0`);
        return { size, filters, stride, pad: option("p", "the pad", Math.floor((size - 1) / 2), 0) };
      },
      POOL() {
        const size = whole("the window size");
        return { size, stride: option("s", "the stride", size, 1) };
      },
      DROPOUT() {
        expect("-", "expected - and the probability that a value is kept");
        const keep = next(/[0-9]*\.?[0-9]+/);
        if (!keep || !(Number(keep) > 0 && Number(keep) <= 1)) fail("expected the probability that a value is kept, above 0, at most 1");
        at += keep.length;
        return {};
      },
      FC() {
        expect("-", "expected - and the number of neurons");
        return { width: whole("the number of neurons") };
      },
      RELU: () => ({}),
      BN: () => ({}),
    };
    function layer() {
      const start = at, kind = next(/[A-Z]*/);
      if (!Object.hasOwn(readers, kind)) fail(`expected a layer: ${LAYERS}`);
      at += kind.length;
      const spec = readers[kind]();
      return { name: pattern.slice(start, at), kind, spec, start };
    }
    function item() {
      skip();
      const group = sees("[");
      let items;
      if (group) {
        const before = pattern.slice(0, at);
        if (before.split("[").length - before.split("]").length > MAX_DEPTH) fail(`more than ${MAX_DEPTH} brackets within each other`);
        items = chain();
        expect("]", "expected -> and another layer, or ] to close the bracket");
      } else items = [layer()];
      skip();
      const start = at;
      let times = 1;
      if (sees("*")) {
        skip();
        times = whole("how many times", 0);
      } else if (!group && sees("?")) {
        times = whole("1 to have the layer or 0 to leave it out", 0);
        if (times > 1) fail("after ? comes 1 to have the layer or 0 to leave it out", start + 1);
      }
      if (items.length * times > MAX_LAYERS) fail(`more than ${MAX_LAYERS} layers`, start);
      return Array.from({ length: times }, () => items).flat();
    }
    function chain() {
      const items = item();
      while (sees("->")) {
        items.push(...item());
        if (items.length > MAX_LAYERS) fail(`more than ${MAX_LAYERS} layers`);
      }
      return items;
    }

    expect("INPUT", "a pattern starts with INPUT[HxWxC], for instance INPUT[32x32x3]");
    expect("[", "expected [ and the size of the input, for instance INPUT[32x32x3]");
    const H = whole("the height");
    expect("x", "expected x between height and width");
    const W = whole("the width");
    expect("x", "expected x between width and channels");
    const C = whole("the number of channels");
    expect("]", "expected ] after the size of the input");
    expect("->", "expected -> and the first layer");
    const items = chain();
    skip();
    if (at < pattern.length) fail("expected -> and another layer, * and a number, or the end");
    return { shape: [C, H, W], items };
  }

  // {rows, totals} or {error, position}, for one image.
  function account(pattern) {
    try {
      const { shape, items } = parse(pattern);
      const rows = [{ name: "INPUT", out: shape, activations: product(shape), weights: 0, other: 0, work: 0 }];
      for (const { name, kind, spec, start } of items) {
        try {
          rows.push({ weights: 0, other: 0, work: 0, name, ...KINDS[kind](spec, rows.at(-1).out) });
        } catch ({ message }) {
          throw new PatternError(`layer ${rows.length}, ${name}: ${message}`, start);
        }
      }
      const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
      const totals = { activations: sum("activations"), weights: sum("weights"), other: sum("other"), work: sum("work") };
      return { rows, totals };
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      return { error: error.message, position: error.position };
    }
  }

  function trainingBytes({ activations, weights, other }, batch, optimiser) {
    return ITEMSIZE * ((2 + OPTIMISERS[optimiser]) * (weights + other) + 2 * activations * batch);
  }

  const PRESETS = {
    "A small ConvNet": "INPUT[32x32x3] -> [[CONV3-64 -> RELU]*2 -> POOL2]*3 -> [FC-512 -> RELU]*1 -> FC-10",
    "VGG-16": "INPUT[224x224x3] -> [CONV3-64 -> RELU]*2 -> POOL2 -> [CONV3-128 -> RELU]*2 -> POOL2 -> [CONV3-256 -> RELU]*3 -> POOL2 -> [[CONV3-512 -> RELU]*3 -> POOL2]*2 -> [FC-4096 -> RELU]*2 -> FC-1000",
    "Linear classifier": "INPUT[32x32x3] -> FC-10",
    "One that does not fit": "INPUT[32x32x3] -> CONV5-16s2p0 -> RELU -> FC-10",
  };

  function build(ui) {
    const preset = ui.select("Example", Object.keys(PRESETS).map((name) => [name, name]));
    const optimiser = ui.select("Optimiser", Object.keys(OPTIMISERS).map((name) => [name, name]), "Adam");
    const batch = ui.slider("Batch", { min: 0, max: 10, value: 6, show: (e) => integer(2 ** e) });
    const input = ui.control("Pattern", html("textarea", { rows: 3, spellcheck: "false", class: "pattern-input" }));
    input.parentElement.classList.add("explore-wide");
    input.value = PRESETS[preset.value];
    preset.addEventListener("input", () => { input.value = PRESETS[preset.value]; });
    const error = html("pre", { class: "explore-error pattern-error", "aria-live": "polite", id: `${input.id}-error` });
    input.setAttribute("aria-describedby", error.id);
    ui.stage.append(error);
    const table = ui.table("Cost of each layer for one image, in float32",
      ["layer", "output", "activations", "MB", "parameters", "multiply-adds"]);

    return () => {
      const { rows, totals, error: message, position } = account(input.value);
      input.setAttribute("aria-invalid", Boolean(message));
      const from = Math.max(0, (position ?? 0) - 24); // the neighbourhood fits on a phone
      error.textContent = message ? `${from ? "…" : ""}${input.value.slice(from, position + 16).replace(/\s/g, " ")}\n${" ".repeat(position - from + (from ? 1 : 0))}^\n${message}` : "";
      if (message) {
        table([]);
        ui.say(`At character ${position + 1} this is no network: the message above says why.`);
        return;
      }
      const most = (key) => Math.max(1, ...rows.map(key));
      const learnt = (row) => row.weights + row.other;
      const memory = most((row) => row.activations), parameters = most(learnt);
      const megabytes = (row) => number((row.activations * ITEMSIZE) / 1e6);
      table([...rows.map((row) => ({ cells: [row.name, row.out.join(" × "), integer(row.activations),
        [megabytes(row), row.activations / memory], [integer(learnt(row)), learnt(row) / parameters], integer(row.work)] })),
      { className: "ex-total", cells: ["Total", "", integer(totals.activations), megabytes(totals), integer(learnt(totals)), integer(totals.work)] }]);
      const bytes = trainingBytes(totals, 2 ** batch.value, optimiser.value);
      ui.say(`${integer(learnt(totals))} parameters, ${integer(totals.activations)} values kept for one image. `
        + `A training step with ${optimiser.value} on ${integer(2 ** batch.value)} image${batch.value ? "s" : ""} holds ${number(bytes / 1e9, 3)} GB.`);
    };
  }

  explore.figure("pattern-memory", { title: "Explore: what a network costs", model: { account, trainingBytes }, build });
}
