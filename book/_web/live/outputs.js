// What a cell says, drawn below it: one nbformat output after the other, whichever engine ran it.
// The page shows a cell's own words only: HTML and Markdown lose their scripts, pictures are images,
// everything else is text. It shows a bounded part of them, so that an endless loop of prints
// leaves a page that can be used.

// The end of a text is kept: an error, or where a loop is now.
const MAX_TEXT = 100_000;
const MAX_LINES = 1_000;
// Things shown besides text: figures, tables.
const MAX_SHOWN = 200;
const MAX_BYTES = 20_000_000;
// When a cell has said this much, the page asks for it to be stopped.
const MAX_TOTAL = 5_000_000;
const EVERY_MS = 60; // text is drawn this often while it comes in

const FORMULA = /\$\$[\s\S]+?\$\$|\$(?!\s)[^$\n]+?\$|\\\([\s\S]+?\\\)|\\\[[\s\S]+?\\\]/g;

export async function loadOutputs(root) {
  await dom.load(`${root}dompurify/dist/purify.min.js`);
}

const safe = (markup) => window.DOMPurify.sanitize(markup, { FORBID_TAGS: ["form"] });

// MathJax is told formulas by \( \) and \[ \] only: a price in dollars is no formula elsewhere.
function delimited(formula) {
  if (formula.startsWith("$$")) return `\\[${formula.slice(2, -2)}\\]`;
  return formula.startsWith("$") ? `\\(${formula.slice(1, -1)}\\)` : formula;
}

// A page without formulas of its own has not loaded MathJax.
async function typeset(node, root) {
  if (!window.MathJax?.startup) {
    window.MathJax ??= { chtml: { scale: 0.94 }, options: { enableMenu: false }, startup: { typeset: false } };
    await dom.load(`${root}mathjax/tex-chtml.js`);
  }
  await window.MathJax.startup.promise;
  node.classList.add("mathjax_process");
  await window.MathJax.typesetPromise([node]);
}

async function drawMarkdown(node, text, root) {
  const { marked } = await import(`${root}marked/marked.esm.js`);
  // Formulas are put aside: to Markdown, their underscores and stars are emphasis.
  const formulas = [];
  const plain = text.replace(FORMULA, (formula) => `\uE000${formulas.push(delimited(formula)) - 1}\uE001`);
  node.innerHTML = safe(marked.parse(plain));
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const part = walker.currentNode;
    part.data = part.data.replace(/\uE000(\d+)\uE001/g, (_, n) => formulas[n] ?? "");
  }
  if (formulas.length) await typeset(node, root);
}

const pre = (text) => dom.html("div", { class: "highlight" }, dom.html("pre", {}, ...coloured(text)));

const image = (source) => (node, data) => node.append(dom.html("img", { src: source(data) }));

const raster = (type) => image((data) => `data:${type};base64,${data.replace(/\s/g, "")}`);

// How each kind of content is drawn, the best first.
const DRAWN = {
  "text/html": (node, data) => (node.innerHTML = safe(data)),
  "application/json": (node, data) => node.append(pre(JSON.stringify(data, null, 2))),
  "text/latex": (node, data, root) => {
    node.textContent = data.replace(FORMULA, delimited);
    return typeset(node, root);
  },
  "text/markdown": drawMarkdown,
  "image/svg+xml": image((data) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data)}`),
  "image/png": raster("image/png"),
  "image/jpeg": raster("image/jpeg"),
  "image/gif": raster("image/gif"),
  "text/plain": (node, data) => node.append(pre(data)),
};

const joined = (value) => (Array.isArray(value) ? value.join("") : value);

// The colours of a terminal, as far as a page on two themes can have them: red and bold.
function coloured(text) {
  const parts = [];
  let style = "";
  for (const [n, part] of text.split(/\x1b\[([\d;]*)[A-Za-z]/).entries()) {
    if (n % 2 === 0) {
      if (part) parts.push(style ? dom.html("span", { class: style }, part) : part);
    } else if (/(^|;)(31|91)(;|$)/.test(part)) style = "live-red";
    else if (/^0?$|(^|;)39(;|$)/.test(part)) style = "";
  }
  return parts;
}

// A terminal's line: what follows \r is written over what stands there, \b goes one back.
function overwritten(line) {
  const waiting = line.endsWith("\r") ? "\r" : ""; // what overwrites it is still to come
  const shown = line.split("\r").reduce((before, part) => part + before.slice(part.length));
  return shown.replace(/[^\b]\x08/g, "") + waiting;
}

// Text that grows: only its end is kept, and drawn once in a while.
class Text {
  constructor() {
    this.text = "";
    this.dropped = false;
  }

  add(more) {
    const text = this.text + more;
    if (text.length > MAX_TEXT) this.dropped = true;
    const lines = text.slice(-MAX_TEXT).replace(/\r+\n/g, "\n").split("\n");
    if (lines.length > MAX_LINES) {
      lines.splice(0, lines.length - MAX_LINES);
      this.dropped = true;
    }
    this.text = lines.map((line) => (/[\r\b]/.test(line) ? overwritten(line) : line)).join("\n");
  }

  get shown() {
    return this.dropped ? `(the beginning is left out)\n${this.text}` : this.text;
  }
}

export class Outputs {
  // `describe(n)` is the text for readers who do not see the n-th figure.
  constructor(node, root, describe) {
    Object.assign(this, { node, root, describe });
    this.clear();
  }

  clear() {
    clearTimeout(this.timer);
    Object.assign(this, { timer: 0, figures: 0, shown: 0, bytes: 0, said: 0 });
    Object.assign(this, { last: null, clearing: false });
    this.displays = new Map();
    this.node.replaceChildren();
  }

  // Whether the cell says more than a page is for.
  get full() {
    return this.said > MAX_TOTAL || this.bytes > MAX_BYTES || this.shown > MAX_SHOWN;
  }

  show(output) {
    const kind = output.output_type;
    if (kind === "clear_output") {
      if (output.wait) this.clearing = true; // until something comes: no flicker
      else this.clear();
      return;
    }
    if (this.clearing) this.clear();
    if (kind === "stream") this.stream(output.name, joined(output.text));
    else if (kind === "error") this.add("traceback", (node) => node.append(pre(output.traceback.join("\n"))));
    else this.display(output);
  }

  stream(name, text) {
    this.said += text.length;
    if (this.last?.name !== name) {
      const node = this.add(name === "stderr" ? "stderr" : "stream", () => {});
      if (!node) return;
      this.last = { name, node, text: new Text() };
    }
    this.last.text.add(text);
    this.timer ||= setTimeout(() => this.flush(), EVERY_MS);
  }

  // Draw the text that has come in.
  flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.last?.node.replaceChildren(pre(this.last.text.shown));
  }

  display({ output_type, data, transient }) {
    const id = transient?.display_id;
    const place = id && this.displays.get(id);
    if (output_type === "update_display_data" && !place) return;
    const draw = (node) => this.draw(node, data);
    if (place) draw(place);
    else {
      const node = this.add("shown", draw);
      if (id && node) this.displays.set(id, node);
    }
  }

  draw(node, data) {
    const kind = Object.keys(DRAWN).find((each) => data[each] !== undefined);
    if (!kind) return;
    const content = kind === "application/json" ? data[kind] : joined(data[kind]);
    this.bytes += content.length ?? 0;
    node.replaceChildren();
    node.dataset.mimeType = kind;
    node.classList.add(kind.replace("/", "_")); // as in the stored outputs
    Promise.resolve(DRAWN[kind](node, content, this.root)).catch((error) => console.error(error));
    node.querySelectorAll("img:not([alt])").forEach((each) => (each.alt = this.describe(this.figures++)));
  }

  // One more place below the last; null if there are too many.
  add(className, draw) {
    this.flush();
    this.last = null;
    if (this.shown > MAX_SHOWN || this.bytes > MAX_BYTES) return null;
    const full = ++this.shown > MAX_SHOWN;
    const node = dom.html("div", { class: `output ${full ? "stderr" : className}` });
    this.node.append(node);
    if (full) node.append(pre("(what this cell shows besides is left out)"));
    else draw(node);
    return full ? null : node;
  }
}
