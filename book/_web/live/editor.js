// The editor of a cell: the only file that knows of CodeMirror.

export async function loadEditors(root) {
  await Promise.all(
    ["lib/codemirror.css", "lib/codemirror.js", "mode/python/python.js"].map((path) =>
      dom.load(`${root}codemirror/${path}`),
    ),
  );
}

// An editor that holds `code`; `run` on Shift-Enter, `changed` after every change. What is `locked`
// can be read and copied; its lines, and those of `prose`, are broken where the page ends.
export class Editor {
  constructor(place, code, { label, run, changed, locked = false, prose = false }) {
    this.mirror = window.CodeMirror(place, {
      value: code,
      mode: prose ? null : "python",
      lineWrapping: prose || locked,
      readOnly: locked,
      indentUnit: 4,
      viewportMargin: Infinity, // as high as its text
      extraKeys: {
        "Shift-Enter": run,
        Esc: (mirror) => mirror.getInputField().blur(), // or Tab would keep a keyboard inside
        Tab: (mirror) => mirror.execCommand("indentMore"),
        "Shift-Tab": (mirror) => mirror.execCommand("indentLess"),
      },
    });
    this.mirror.getInputField().setAttribute("aria-label", label);
    this.mirror.getInputField().parentElement.tabIndex = -1; // a box of three pixels, to Chromium a scroller
    this.mirror.on("change", changed);
  }

  get text() {
    return this.mirror.getValue();
  }

  set text(text) {
    this.mirror.setValue(text);
  }

  // Measure again: what was folded away has no size.
  refresh() {
    this.mirror.refresh();
  }
}
