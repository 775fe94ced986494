// What an engine is, which ones there are, and which of them runs this page.
//
// An engine is a class in a file of its own. `told` is what the host's live.json says below
// engines[name], and `report(state, sentence)` tells the reader how it is; the states are starting,
// ready, busy, restarted, died, lost, unsigned.
//
//   static offer(told, root)        null, or { mayRun, sentence }: what is offered before the click
//   static words                    { away, back }: said when its files do not arrive, and when they do
//   constructor(root, told)
//   start(report)                   resolves once it is ready, or reports why it is not
//   run(code, { show, silent })     { ok } once the code has run, { ok: false, gone: true } if the
//                                   interpreter went away; show(output) is called with each output
//                                   as nbformat 4 writes it, in order, while the code runs
//   interrupt()  restart()          the first ends the running code, the second forgets all variables
//   end()                           the reader leaves
//   id                              another one whenever the variables are gone
//
// No other file of the page knows which engine it has.

import { InPage } from "./inpage.js";
import { Jupyter } from "./jupyter.js";

// By the name in live.json, the best first.
const ENGINES = { jupyter: Jupyter, "in-page": InPage };

// The best engine that may run code here; else one that says why it may not; else null.
export async function choose(host, root) {
  let refused = null;
  for (const [name, Engine] of Object.entries(ENGINES)) {
    const told = host?.engines?.[name];
    const offered = told && (await Engine.offer(told, root));
    if (offered?.mayRun) return { ...offered, Engine, told };
    if (offered) refused ??= { ...offered, Engine, told };
  }
  return refused;
}
