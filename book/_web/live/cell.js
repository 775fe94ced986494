// One cell of a live page: its editor, its outputs, its buttons. Which engine runs it is not
// known here.

import { ask } from "./ask.js";
import { button } from "./button.js";
import { Editor } from "./editor.js";
import { Edits } from "./edits.js";
import { Outputs } from "./outputs.js";

export const PREFIX = "cell-"; // of the ids that the build gives to cells
const CHECK_S = 20; // what a call may take when it is graded
const LATE = `Stopped after ${CHECK_S} seconds, the most that a call may take when it is graded. Does a loop never end?`;
const SOON_S = 3; // a cell that runs longer shows for how long

export class Cell {
  // `number` is how the page counts its cells; `actions`: what it does to run this one, or all
  // down to it.
  constructor(element, number, actions, root) {
    Object.assign(this, { element, number, actions, root, hasRun: false });
    this.id = element.id.slice(PREFIX.length);
    this.pre = element.querySelector("div.cell_input pre");
    this.stored = this.pre.textContent.trim();
    this.storedOutput = element.querySelector("div.cell_output");
    const is = (kind) => element.classList.contains(kind);
    // An exercise and the check below it are run together, without the rest of the page.
    this.isPractice = is("tag_practice");
    this.isCheck = is("tag_practice-check");
    // On the page of an assignment: what is handed in, its tests, and what both of them need.
    this.isAnswer = is("worksheet-answer") || is("worksheet-written");
    this.isTest = is("worksheet-test");
    this.isBasis = is("worksheet-answer") || is("worksheet-setup");
    this.isLocked = this.isTest || is("worksheet-setup");
    this.mayFail = this.isTest || this.isBasis;
    const [, seconds] = element.className.match(/\bseconds-(\d+)/) ?? [];
    this.warning = seconds ? `took ${seconds} s when this page was made` : "";
    element.classList.add("live-cell");
  }

  // Put the editor in the place of the text. Costs ten milliseconds or more, so not for all at once.
  mount() {
    if (this.editor) return;
    this.element.querySelectorAll("button.copybtn").forEach((each) => each.remove());
    this.live = this.makePlace();
    this.tools = this.makeTools();
    const place = dom.html("div", { class: "live-editor" });
    this.pre.replaceWith(place);
    const verb = this.isPractice ? "checks" : "runs";
    this.editor = new Editor(place, this.code, {
      label: `Code of cell ${this.number}. Shift-Enter ${verb} it, Escape leaves the editor.`,
      run: () => this.actions.run(this),
      changed: () => this.changed(),
      locked: this.isLocked,
      prose: this.isProse,
    });
    place.append(this.tools);
    this.element.querySelector("details")?.addEventListener("toggle", () => this.editor.refresh());
    this.enable(this.able);
    this.show(this.state);
  }

  // A place for new outputs, with the number, caption and anchor of the figure that was stored.
  makePlace() {
    const stored = [...(this.storedOutput?.querySelectorAll("img") ?? [])].map((image) => image.alt);
    const node = dom.html("div");
    const place = dom.html("div", { class: "cell_output docutils container" }, node);
    this.outputs = new Outputs(node, this.root, (n) => stored[n] || `Figure drawn by cell ${this.number}`);
    const caption = this.storedOutput?.querySelector("figure > figcaption");
    if (caption) {
      place.append(dom.html("figure", { id: caption.parentElement.id }, caption.cloneNode(true)));
    }
    if (this.isCheck) place.setAttribute("aria-live", "polite");
    return place;
  }

  makeTools() {
    const { number } = this;
    this.mark = dom.html("span", { class: "live-mark" });
    this.resetButton = button("Reset", `Reset cell ${number} to the stored text`, () =>
      ask(this.resetButton, "Throw away what you wrote here?", "Throw away", () => this.reset()),
    );
    const run = this.isPractice
      ? button("Check", `Check your code in cell ${number} (Shift-Enter)`, () => this.actions.run(this))
      : button("Run", `Run cell ${number} (Shift-Enter)`, () => this.actions.run(this));
    run.classList.toggle("live-check", this.isPractice);
    const tools = dom.html("div", { class: "live-tools" }, run);
    if (!this.isPractice && !this.isCheck) {
      const title = `Run to here: all cells down to cell ${number}`;
      tools.append(button("Run to here", title, () => this.actions.runTo(this)));
    }
    tools.append(this.resetButton, this.mark);
    return tools;
  }

  // Whether there is an engine to run the code.
  enable(able) {
    this.able = able;
    this.tools?.querySelectorAll("button").forEach((each) => (each.disabled = !able));
    if (able) this.changed();
  }

  get code() {
    return this.editor ? this.editor.text : Edits.read(this.id, this.stored, this.isAnswer);
  }

  get edited() {
    return this.code !== this.stored;
  }

  changed() {
    if (!this.editor) return;
    Edits.write(this.id, this.stored, this.code);
    this.resetButton.disabled = !this.edited;
  }

  reset() {
    if (!this.editor && !this.edited) return;
    this.mount();
    this.editor.text = this.stored;
    this.outputs.clear();
    if (this.storedOutput) this.live.replaceWith(this.storedOutput);
    else this.live.remove();
    this.show("");
  }

  get state() {
    return this.element.dataset.live ?? "";
  }

  show(state) {
    this.element.dataset.live = state;
    if (!this.mark) return;
    const words = { "": this.warning, running: "running", waiting: "waiting", failed: "failed" };
    this.mark.textContent = words[state] ?? "";
  }

  // Say something where the output stands.
  say(text) {
    this.showLive();
    this.outputs.clear();
    this.outputs.show({ output_type: "stream", name: "stderr", text: `${text}\n` });
  }

  showLive() {
    if (this.live.isConnected) return;
    if (this.storedOutput) this.storedOutput.replaceWith(this.live);
    else this.element.append(this.live);
  }

  // Returns whether the cell ran through.
  async run(engine) {
    this.mount();
    this.hasRun = true;
    this.show("running");
    this.outputs.clear();
    this.showLive();
    const clock = this.watch(engine);
    const { ok, gone } = await engine.run(this.code, { show: (output) => this.hear(output, engine) });
    clearInterval(clock);
    this.outputs.flush();
    if (gone) this.say("Stopped: Python went away while this cell was running.");
    else if (this.late) this.say(LATE);
    this.show(ok ? "done" : "failed");
    return ok;
  }

  // Show how long a cell has been running; an exercise has the time that a grader would give it.
  watch(engine) {
    const begun = performance.now();
    this.late = false;
    return setInterval(() => {
      const seconds = Math.round((performance.now() - begun) / 1000);
      if (seconds >= SOON_S) this.mark.textContent = `still running after ${seconds} s: Interrupt stops it`;
      if ((this.isPractice || this.isCheck) && seconds >= CHECK_S && !this.late) {
        this.late = true;
        engine.interrupt();
      }
    }, 1000);
  }

  // What a cell says is shown as it comes; one that will not end is stopped.
  hear(output, engine) {
    const wasFull = this.outputs.full;
    this.outputs.show(output);
    if (this.outputs.full && !wasFull) engine.interrupt();
  }
}
