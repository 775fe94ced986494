// The cells of a page, each as what it is.

import { Cell, PREFIX } from "./cell.js";
import { Written } from "./written.js";

// The cells of the page in their order, those whose code the page does not show included.
export function findCells(actions, root) {
  let number = 0;
  return [...document.querySelectorAll(`div.cell[id^=${PREFIX}], template[data-cell]`)]
    .filter((e) => e.matches("template") || e.querySelector("div.cell_input pre"))
    .map((e) => {
      if (e.matches("template")) return new HiddenCell(e);
      const Kind = e.classList.contains("worksheet-written") ? Written : Cell;
      return new Kind(e, ++number, actions, root);
    });
}

// A cell whose code the page does not show: it is run like the others, and in silence.
class HiddenCell {
  constructor(template) {
    this.code = template.content.textContent;
    this.hasRun = false;
  }

  async run(engine) {
    this.hasRun = true;
    const { gone } = await engine.run(this.code, { silent: true });
    return !gone;
  }

  get edited() {
    return false;
  }

  mount() {}
  enable() {}
  show() {}
  reset() {}
}
