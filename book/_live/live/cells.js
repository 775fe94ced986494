// The cells of a live page: their editors, outputs and buttons, and the edits kept in the browser.

const KEY = `cs231n:edits:${location.pathname}`;

// Edits are stored beside the text they started from: a rebuilt page drops those that no
// longer fit it.
const Edits = {
  read: () => JSON.parse(localStorage.getItem(KEY) ?? "{}"),
  write(index, stored, edited) {
    const all = Edits.read();
    if (edited === stored) delete all[index];
    else all[index] = { stored, edited };
    if (Object.keys(all).length) localStorage.setItem(KEY, JSON.stringify(all));
    else localStorage.removeItem(KEY);
  },
};

export function button(label, title, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.title = title;
  made.setAttribute("aria-label", title);
  made.addEventListener("click", action);
  return made;
}

// A place for new outputs, with the number, caption and anchor of the figure that was stored.
function livePlace(stored) {
  const place = document.createElement("div");
  place.className = "cell_output docutils container";
  const output = document.createElement("div");
  place.append(output);
  const caption = stored?.querySelector("figure > figcaption");
  if (caption) {
    const figure = document.createElement("figure");
    figure.id = caption.parentElement.id;
    figure.append(caption.cloneNode(true));
    place.append(figure);
  }
  return { place, output };
}

export class Cell {
  // `actions`: what the page does to run this cell, or all down to it.
  constructor(element, index, thebeCell, actions) {
    const pre = element.querySelector("div.cell_input pre");
    Object.assign(this, { element, index, pre, thebe: thebeCell, actions, hasRun: false });
    this.stored = Cell.text(element);
    this.storedOutput = element.querySelector("div.cell_output");
    // An exercise and the check below it are run together, without the rest of the page.
    this.isPractice = element.classList.contains("tag_practice");
    this.isCheck = element.classList.contains("tag_practice-check");
    element.classList.add("live-cell");
  }

  static text(element) {
    return element.querySelector("div.cell_input pre").textContent.trim();
  }

  // Put the editor in the place of the text. Costs ten milliseconds or more, so not for all at once.
  mount() {
    if (this.editor) return;
    const number = this.index + 1;
    const code = this.code;
    this.element.querySelectorAll("button.copybtn").forEach((each) => each.remove());
    const { place, output } = livePlace(this.storedOutput);
    this.live = place;
    this.describeFigures();
    if (this.isCheck) place.setAttribute("aria-live", "polite");
    this.pre.setAttribute("data-language", "python");
    const config = { mode: "python", theme: "default", lineNumbers: false };
    const cells = [{ id: this.thebe.id, placeholders: { source: this.pre, output } }];
    window.thebe.renderAllCells({ codeMirrorConfig: config }, { getCellById: () => this.thebe }, cells);
    this.editor = this.element.querySelector(".CodeMirror").CodeMirror;
    this.editor.setOption("indentUnit", 4);
    this.editor.getInputField().setAttribute(
      "aria-label",
      `Code of cell ${number}. Shift-Enter ${this.isPractice ? "checks" : "runs"} it, Escape leaves the editor.`,
    );
    this.editor.setOption("extraKeys", {
      ...this.editor.getOption("extraKeys"),
      "Shift-Enter": () => this.actions.run(this),
      Tab: (editor) => editor.execCommand("indentMore"),
      "Shift-Tab": (editor) => editor.execCommand("indentLess"),
    });
    this.element.querySelector("details")?.addEventListener("toggle", () => this.editor.refresh());
    this.element.querySelector(".thebe-cell").append(this.makeTools(number));
    this.editor.setValue(code);
    this.editor.clearHistory();
    this.editor.on("change", () => this.changed());
    this.enable(this.able);
    this.show(this.element.dataset.live ?? "");
  }

  // Whether there is a kernel to run the code.
  enable(able) {
    this.able = able;
    this.tools?.querySelectorAll("button").forEach((each) => (each.disabled = !able));
    if (able) this.changed();
  }

  makeTools(number) {
    this.tools = document.createElement("div");
    this.tools.className = "live-tools";
    this.mark = document.createElement("span");
    this.mark.className = "live-mark";
    this.resetButton = button("Reset", `Reset cell ${number} to the stored text`, () => this.reset());
    const run = this.isPractice
      ? button("Check", `Check your code in cell ${number} (Shift-Enter)`, () => this.actions.run(this))
      : button("Run", `Run cell ${number} (Shift-Enter)`, () => this.actions.run(this));
    run.classList.toggle("live-check", this.isPractice);
    this.tools.append(run);
    if (!this.isPractice && !this.isCheck) {
      const title = `Run to here: all cells down to cell ${number}`;
      this.tools.append(button("Run to here", title, () => this.actions.runTo(this)));
    }
    this.tools.append(this.resetButton, this.mark);
    return this.tools;
  }

  // A figure drawn anew is described as the stored one was.
  describeFigures() {
    const texts = [...(this.storedOutput?.querySelectorAll("img") ?? [])].map((image) => image.alt);
    const describe = () =>
      this.live.querySelectorAll("img:not([alt])").forEach((image, n) => {
        image.alt = texts[n] || `Figure drawn by cell ${this.index + 1}`;
      });
    new MutationObserver(describe).observe(this.live, { childList: true, subtree: true });
  }

  get code() {
    if (this.editor) return this.editor.getValue();
    const kept = Edits.read()[this.index];
    return kept?.stored === this.stored ? kept.edited : this.stored;
  }

  changed() {
    if (!this.editor) return;
    Edits.write(this.index, this.stored, this.code);
    this.resetButton.disabled = this.code === this.stored;
  }

  reset() {
    if (!this.editor && this.code === this.stored) return;
    this.mount();
    this.editor.setValue(this.stored);
    this.thebe.clear();
    if (this.storedOutput) this.live.replaceWith(this.storedOutput);
    else this.live.remove();
    this.show("");
  }

  show(state) {
    this.element.dataset.live = state;
    if (!this.mark) return;
    this.mark.textContent = { running: "running", waiting: "waiting", failed: "failed" }[state] ?? "";
  }

  // Say something where the output stands.
  say(text) {
    this.showLive();
    this.thebe.setOutputText(text);
  }

  showLive() {
    if (this.live.isConnected) return;
    if (this.storedOutput) this.storedOutput.replaceWith(this.live);
    else this.element.append(this.live);
  }

  // Returns whether the cell ran through.
  async run() {
    this.mount();
    this.hasRun = true;
    this.show("running");
    this.thebe.clear();
    this.showLive();
    const result = await this.thebe.execute(this.code);
    if (!result) this.say("Stopped: the kernel went away while this cell was running.\n");
    const good = Boolean(result && !result.error);
    this.show(good ? "done" : "failed");
    return good;
  }
}
