// Makes one page live: loads thebe, puts the editors in place, and runs what it is told to.

import { Cell, button, prepare } from "./cells.js";
import { Kernel } from "./kernel.js";

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
  return window.thebe;
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
  constructor(bar, places, thebe, hidden, root) {
    this.hidden = hidden;
    this.queue = Promise.resolve();
    this.status = bar.querySelector(".live-status");
    this.cells = places.map(
      (place, n) =>
        new Cell(
          place,
          thebe.notebook.cells[n],
          (cell) => this.run(cell),
          (cell) => this.runTo(cell),
        ),
    );
    this.kernel = new Kernel(
      thebe,
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
    const dead = ABSENT.includes(state);
    document.querySelectorAll(".live-on button, .live-tools button").forEach((each) => {
      each.disabled = dead;
    });
    if (!dead) this.cells.forEach((cell) => cell.changed());
  }

  // A kernel that has run nothing yet.
  fresh() {
    this.cells.forEach((cell) => {
      cell.hasRun = false;
      if (cell.element.dataset.live !== "running") cell.show("");
    });
  }

  // Runs a cell, and before it the cells above that this kernel has not seen yet.
  run(cell) {
    this.enqueue(() => [...this.cells.slice(0, cell.index).filter((c) => !c.hasRun), cell]);
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
      else cell.show("");
    }
  }

  async runHidden(cell) {
    const code = this.hidden[cell.index];
    if (code && !cell.hasRun) {
      await this.kernel.session.kernel.requestExecute({ code, silent: true }).done;
    }
  }
}

export async function activate(bar, elements, root) {
  const [library, hidden] = await Promise.all([
    loadThebe(root),
    hiddenCode(root, elements.length),
  ]);
  const places = prepare(elements);
  const thebe = await library.bootstrap({
    useBinder: false,
    requestKernel: false,
    mountRunButton: false,
    mountRunAllButton: false,
    mountRestartButton: false,
    mountRestartAllButton: false,
    mathjaxUrl: "",
    savedSessionOptions: { enabled: false },
    serverSettings: { baseUrl: root.replace(/\/$/, ""), token: "", appendToken: false },
    codeMirrorConfig: { mode: "python", theme: "default", lineNumbers: false },
  });
  const page = new Page(bar, places, thebe, hidden, root);
  await page.kernel.start().catch(() => page.kernel.recover());
}
