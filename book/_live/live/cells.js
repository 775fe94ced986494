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

// Before thebe: mark the code and give each cell a place for its output.
export function prepare(elements) {
  return elements.map((element, index) => {
    element.querySelectorAll("button.copybtn").forEach((button) => button.remove());
    const pre = element.querySelector("div.cell_input pre");
    pre.setAttribute("data-executable", "true");
    pre.setAttribute("data-language", "python");
    let output = element.querySelector("div.cell_output");
    if (!output) {
      output = document.createElement("div");
      output.className = "cell_output docutils container";
      element.append(output);
    }
    keepCaption(output);
    output.setAttribute("data-output", "true");
    return { element, index, output, stored: pre.textContent.trim(), storedOutput: output.innerHTML };
  });
}

// A figure's number, caption and anchor stay when its picture is drawn anew.
function keepCaption(output) {
  const figure = output.querySelector("figure");
  const caption = figure?.querySelector("figcaption");
  if (!caption) return;
  const kept = document.createElement("figure");
  kept.id = figure.id;
  kept.append(caption);
  output.after(kept);
  figure.replaceWith(...figure.childNodes);
}

export function button(label, title, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.title = title;
  made.setAttribute("aria-label", title);
  made.addEventListener("click", action);
  return made;
}

export class Cell {
  constructor(place, thebeCell, run, runTo) {
    Object.assign(this, place, { thebe: thebeCell, hasRun: false });
    const number = this.index + 1;
    this.editor = this.element.querySelector(".CodeMirror").CodeMirror;
    this.editor.setOption("lineNumbers", false);
    this.editor.setOption("indentUnit", 4);
    this.editor.getInputField().setAttribute(
      "aria-label",
      `Code of cell ${number}. Shift-Enter runs it, Escape leaves the editor.`,
    );
    this.editor.setOption("extraKeys", {
      ...this.editor.getOption("extraKeys"),
      "Shift-Enter": () => run(this),
      Tab: (editor) => editor.execCommand("indentMore"),
      "Shift-Tab": (editor) => editor.execCommand("indentLess"),
    });
    const tools = document.createElement("div");
    tools.className = "live-tools";
    this.mark = document.createElement("span");
    this.mark.className = "live-mark";
    this.resetButton = button("Reset", `Reset cell ${number} to the stored text`, () => this.reset());
    tools.append(
      button("Run", `Run cell ${number} (Shift-Enter)`, () => run(this)),
      button("Run to here", `Run to here: all cells down to cell ${number}`, () => runTo(this)),
      this.resetButton,
      this.mark,
    );
    this.element.querySelector(".thebe-cell").append(tools);
    this.describeFigures();
    const kept = Edits.read()[this.index];
    if (kept?.stored === this.stored) this.editor.setValue(kept.edited);
    this.editor.on("change", () => this.changed());
    this.changed();
  }

  // A figure drawn anew is described as the stored one was.
  describeFigures() {
    const stored = document.createElement("template");
    stored.innerHTML = this.storedOutput;
    const texts = [...stored.content.querySelectorAll("img")].map((image) => image.alt);
    const describe = () =>
      this.output.querySelectorAll("img:not([alt])").forEach((image, n) => {
        image.alt = texts[n] || `Figure drawn by cell ${this.index + 1}`;
      });
    new MutationObserver(describe).observe(this.output, { childList: true, subtree: true });
  }

  get code() {
    return this.editor.getValue();
  }

  changed() {
    Edits.write(this.index, this.stored, this.code);
    this.resetButton.disabled = this.code === this.stored;
  }

  reset() {
    this.editor.setValue(this.stored);
    const html = this.storedOutput.trim();
    const data = { "text/html": html };
    this.thebe.render(html ? [{ output_type: "display_data", metadata: {}, data }] : []);
    this.show("");
  }

  show(state) {
    this.element.dataset.live = state;
    this.mark.textContent = { running: "running", waiting: "waiting", failed: "failed" }[state] ?? "";
  }

  // Returns whether the cell ran through.
  async run() {
    this.hasRun = true;
    this.show("running");
    const result = await this.thebe.execute(this.code);
    if (!result) this.thebe.setOutputText("Stopped: the kernel went away while this cell was running.\n");
    const good = Boolean(result && !result.error);
    this.show(good ? "done" : "failed");
    return good;
  }
}
