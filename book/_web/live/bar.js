// The offer below a page's title: a button that makes the page live. Whatever weighs anything is
// fetched after the click.

import { Edits } from "./edits.js";
import { choose } from "./engines/engine.js";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The bar, or null if no engine runs this page here. `askHost` asks again what `host` said.
export async function offer(host, askHost, root) {
  let found = await choose(host, root);
  if (!found) return null;
  const button = dom.html("button", { type: "button", class: "live-start" }, "Run this page live");
  const status = dom.html("span", { class: "live-status", role: "status" });
  const bar = dom.html("div", { class: "live-bar" }, button, status);
  const show = (sentence) => {
    button.disabled = !found.mayRun;
    status.textContent = sentence;
  };
  show([found.sentence, found.mayRun && Edits.any() && "Your edits of this page are kept."].filter(Boolean).join(" "));

  button.addEventListener("click", async () => {
    const { Engine } = found;
    button.disabled = true;
    status.textContent = "starting";
    try {
      // A script that could not be fetched once is not asked for again: is the host there?
      if (!(await askHost())) throw new Error("the host of this page does not answer");
      const { activate } = await import("./page.js");
      await activate(bar, new Engine(root, found.told), root);
    } catch (error) {
      console.error(error);
      status.textContent = Engine.words.away;
      do {
        await pause(1000);
        found = await choose(await askHost(), root);
      } while (!found);
      show(found.mayRun ? Engine.words.back : found.sentence);
    }
  });
  return bar;
}
