// Makes one page live: loads thebe, puts the editors in place, and runs what it is told to.

import { Cell, button } from "./cells.js";
import { Kernel } from "./kernel.js";
import { extend } from "./outputs.js";

function load(tag, attributes) {
  return new Promise((resolve, reject) => {
    document.head.append(
      Object.assign(document.createElement(tag), attributes, { onload: resolve, onerror: reject }),
    );
  });
}

async function loadThebe(root) {
  await Promise.all([
    load("link", { rel: "stylesheet", href: `${root}thebe/thebe.css` }),
    load("link", { rel: "stylesheet", href: `${root}live/live.css` }),
    window.thebe ?? load("script", { src: `${root}thebe/index.js` }),
  ]);
}

// A notebook of thebe's for the code of the page, and a function that connects to the server.
function makeNotebook(elements, root) {
  const { api, module } = window.thebeCore;
  const options = window.thebe.mergeOptions({
    useBinder: false,
    mathjaxUrl: "",
    savedSessionOptions: { enabled: false },
    serverSettings: { baseUrl: root.replace(/\/$/, ""), token: "", appendToken: false },
  });
  const config = api.makeConfiguration(options, window.thebe.events);
  const registry = api.makeRenderMimeRegistry(config.mathjax);
  extend(registry, root);
  const blocks = elements.map((element, n) => ({ id: `cell-${n}`, source: Cell.text(element) }));
  const connect = () => {
    const server = new module.ThebeServer(config);
    server.connectToJupyterServer();
    return server;
  };
  return { notebook: api.setupNotebookFromBlocks(blocks, config, registry), connect };
}

// Cells whose code the page hides (tags remove-input, remove-cell) still have to run: for
// each visible cell, the hidden code that stands before it in the notebook.
async function hiddenCode(root, count) {
  const page = document.documentElement.dataset.content_root ?? "./";
  const name = new URL(location.href).pathname.slice(new URL(page, location.href).pathname.length);
  const answer = await fetch(`${root}_sources/${name.replace(/\.html$/, ".ipynb")}`).catch(() => null);
  const none = Array(count).fill("");
  if (!answer?.ok) return none;
  const before = [];
  let waiting = [];
  for (const cell of (await answer.json()).cells.filter((c) => c.cell_type === "code")) {
    const source = [cell.source].flat().join("");
    if ((cell.metadata.tags ?? []).some((tag) => /^remove[-_](input|cell)$/.test(tag))) {
      waiting.push(source);
    } else if (source.trim()) {
      before.push(waiting.join("\n"));
      waiting = [];
    }
  }
  return before.length === count ? before : none;
}

// The states of the kernel in which nothing can be run.
const ABSENT = ["starting", "lost", "unsigned"];

class Page {
  constructor(bar, elements, root) {
    const { notebook, connect } = makeNotebook(elements, root);
    const actions = { run: (cell) => this.run(cell), runTo: (cell) => this.runTo(cell) };
    this.hidden = hiddenCode(root, elements.length);
    this.queue = Promise.resolve();
    this.status = bar.querySelector(".live-status");
    this.cells = elements.map((element, n) => new Cell(element, n, notebook.cells[n], actions));
    this.kernel = new Kernel(
      connect,
      notebook,
      root,
      (state, sentence) => this.show(state, sentence),
      () => this.fresh(),
    );
    this.bar = bar;
    bar.classList.add("live-on");
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Live page");
    bar.querySelector(".live-start").remove();
    bar.append(
      button("Run all", "Run all cells from the top", () => this.runTo(this.cells.at(-1))),
      button("Interrupt", "Interrupt the running cell", () => this.kernel.interrupt()),
      button("Restart", "Restart the kernel, forgetting all variables", () => this.kernel.restart()),
      button("Reset page", "Reset page: every cell gets back its stored text and output", () =>
        this.cells.forEach((cell) => cell.reset()),
      ),
    );
  }

  show(state, sentence) {
    this.bar.dataset.state = state;
    this.status.textContent = sentence;
    const able = !ABSENT.includes(state);
    this.bar.querySelectorAll("button").forEach((each) => (each.disabled = !able));
    this.cells.forEach((cell) => cell.enable(able));
  }

  // A kernel that has run nothing yet.
  fresh() {
    this.cells.forEach((cell) => {
      cell.hasRun = false;
      if (cell.element.dataset.live !== "running") cell.show("");
    });
  }

  // Put the editors in place: at once where the reader looks, elsewhere bit by bit.
  async mount() {
    const far = (cell) => {
      const { top, bottom } = cell.element.getBoundingClientRect();
      return Math.max(top - innerHeight, -bottom, 0);
    };
    const order = this.cells.map((cell) => [far(cell), cell]).sort(([a], [b]) => a - b);
    for (const [distance, cell] of order) {
      if (distance > 0) await new Promise((done) => setTimeout(done));
      cell.mount();
    }
  }

  // Runs a cell, and before it the cells above that this kernel has not seen yet. An exercise
  // stands alone: it is run with its check, and with nothing else.
  run(cell) {
    const { index, isPractice, isCheck } = cell;
    const needed = (c) => !c.hasRun && !c.isPractice && !c.isCheck;
    if (isPractice) this.enqueue(() => this.cells.slice(index, index + 2));
    else if (isCheck) this.enqueue(() => this.cells.slice(index - 1, index + 1));
    else this.enqueue(() => [...this.cells.slice(0, index).filter(needed), cell]);
  }

  runTo(cell) {
    this.enqueue(() => this.cells.slice(0, cell.index + 1));
  }

  // One thing after the other, in the order of the clicks.
  enqueue(choose) {
    this.queue = this.queue.then(() => this.runCells(choose()));
  }

  async runCells(cells) {
    if (ABSENT.includes(this.kernel.state)) return;
    const kernel = this.kernel.id;
    if (["died", "restarted"].includes(this.kernel.state)) this.kernel.set("ready");
    cells.forEach((cell) => cell.show("waiting"));
    let going = true;
    for (const cell of cells) {
      going = going && kernel === this.kernel.id;
      if (going) going = await this.runHidden(cell).then(() => cell.run());
      else if (cell.isCheck && cells.length === 2) cell.say("Not checked: the cell above failed.\n");
      else cell.show("");
    }
  }

  async runHidden(cell) {
    const code = (await this.hidden)[cell.index];
    if (code && !cell.hasRun && !cell.isPractice) {
      await this.kernel.session.kernel.requestExecute({ code, silent: true }).done;
    }
  }
}

export async function activate(bar, elements, root) {
  await loadThebe(root);
  const page = new Page(bar, elements, root);
  const started = page.kernel.start().catch(() => page.kernel.recover());
  page.mount();
  await started;
}
