// One live page: the toolbar, and the queue in which its cells are run, by whichever engine.

import { ask } from "./ask.js";
import { button } from "./button.js";
import { findCells } from "./cells.js";
import { loadEditors } from "./editor.js";
import { loadOutputs } from "./outputs.js";

// The states of an engine in which nothing can be run.
const ABSENT = ["starting", "lost", "unsigned"];

class Page {
  constructor(bar, engine, root) {
    const actions = { run: (cell) => this.run(cell), runTo: (cell) => this.runTo(cell) };
    Object.assign(this, { bar, engine, state: "starting", queue: Promise.resolve() });
    this.cells = findCells(actions, root);
    this.status = bar.querySelector(".live-status");
    bar.classList.add("live-on");
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Live page");
    bar.querySelector(".live-start").remove();
    bar.append(
      button("Run all", "Run all cells from the top", () => this.runTo(this.cells.at(-1))),
      button("Interrupt", "Interrupt the running cell", () => this.engine.interrupt()),
      button("Restart", "Restart Python, forgetting all variables", () => this.engine.restart()),
      button("Reset page", "Reset page: every cell gets back its stored text and output", (event) =>
        this.reset(event.currentTarget),
      ),
    );
    // The button that was pressed is gone: a keyboard goes on from the bar.
    bar.tabIndex = -1;
    if (document.activeElement === document.body) bar.focus({ preventScroll: true });
    addEventListener("pagehide", () => this.engine.end());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  // Give every cell back what is stored, once the reader agrees to lose what they wrote.
  reset(asker) {
    const edited = this.cells.filter((cell) => cell.edited).length;
    const all = () => this.cells.forEach((cell) => cell.reset());
    const where = edited === 1 ? "one cell" : `${edited} cells`;
    if (edited) ask(asker, `Throw away what you wrote in ${where}?`, "Throw away", all);
    else all();
  }

  // What the engine reports.
  hear(state, sentence) {
    this.state = state;
    this.bar.dataset.state = state;
    this.status.textContent = sentence;
    const able = !ABSENT.includes(state);
    // A button that is switched off loses the focus, and gets it back unless it has gone elsewhere.
    this.held = this.bar.querySelector("button:focus") ?? this.held;
    this.bar.querySelectorAll("button").forEach((each) => (each.disabled = !able));
    if (able && document.activeElement === document.body) this.held?.focus({ preventScroll: true });
    if (able) this.held = null;
    this.cells.forEach((cell) => cell.enable(able));
    if (this.engine.id !== this.id) this.forget();
    this.id = this.engine.id;
  }

  // The variables are gone, so no cell has run.
  forget() {
    this.cells.forEach((cell) => {
      cell.hasRun = false;
      if (cell.state !== "running") cell.show("");
    });
  }

  // Put the editors in place: at once where the reader looks, elsewhere bit by bit.
  async mount() {
    const far = (cell) => {
      const { top, bottom } = cell.element?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
      return Math.max(top - innerHeight, -bottom, 0);
    };
    const order = this.cells.map((cell) => [far(cell), cell]).sort(([a], [b]) => a - b);
    for (const [distance, cell] of order) {
      if (distance > 0) await new Promise((done) => setTimeout(done));
      cell.mount();
    }
  }

  // Runs a cell, and before it the cells above that have not run yet. An exercise and its check are
  // run together, and need of the cells above no more than the answers of an assignment.
  run(cell) {
    const at = this.cells.indexOf(cell) - (cell.isCheck ? 1 : 0);
    const own = this.cells.slice(at, at + (cell.isPractice || cell.isCheck ? 2 : 1));
    const few = cell.isPractice || cell.isCheck || cell.isTest;
    const isNeeded = (c) => c.isBasis || !(few || c.isPractice || c.isCheck || c.isTest || c.isProse);
    this.enqueue(() => [...this.cells.slice(0, at).filter((c) => !c.hasRun && isNeeded(c)), ...own]);
  }

  runTo(cell) {
    this.enqueue(() => this.cells.slice(0, this.cells.indexOf(cell) + 1).filter((c) => !c.isProse));
  }

  // One thing after the other, in the order of the clicks.
  enqueue(choose) {
    this.queue = this.queue.then(() => this.runCells(choose()));
  }

  async runCells(cells) {
    if (ABSENT.includes(this.state)) return;
    const { id } = this.engine;
    cells.forEach((cell) => cell.show("waiting"));
    let going = true;
    for (const [n, cell] of cells.entries()) {
      going = going && id === this.engine.id;
      const isBroken = cell.isCheck && cells[n - 1]?.state === "failed";
      if (going && !isBroken) going = (await cell.run(this.engine)) || cell.mayFail;
      else cell.show("");
      if (isBroken) cell.say("Not checked: the cell above failed.");
    }
  }
}

export async function activate(bar, engine, root) {
  await Promise.all([loadEditors(root), loadOutputs(root), dom.load(`${root}live/live.css`)]);
  const page = new Page(bar, engine, root);
  const started = engine.start((state, sentence) => page.hear(state, sentence));
  page.mount();
  await started;
}
