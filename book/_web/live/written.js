// A written answer of an assignment: Markdown, and below it what a reader of it will see.

import { button } from "./button.js";
import { Cell } from "./cell.js";

export class Written extends Cell {
  isProse = true;

  makeTools() {
    const tools = super.makeTools();
    const show = button("Show", `Show answer ${this.number} as it will be read (Shift-Enter)`, () => this.run());
    tools.replaceChildren(show, this.resetButton, this.mark);
    return tools;
  }

  // Needs no engine.
  async run() {
    this.mount();
    this.hasRun = true;
    this.outputs.clear();
    this.showLive();
    this.outputs.show({ output_type: "display_data", data: { "text/markdown": this.code } });
    return true;
  }
}
