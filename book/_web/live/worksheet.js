// The page of an assignment: the notebook to hand in, with what the reader wrote, and the way back
// in of a notebook that was written elsewhere. Needs no engine, so that work is never locked in.

import { ask } from "./ask.js";
import { Edits } from "./edits.js";

const MOST_BYTES = 20_000_000;
const REPLACE = "Replace what you wrote here by the answers in the file?";
const NO_NOTEBOOK = "That file is no notebook of this assignment";

const joined = (source) => (Array.isArray(source) ? source.join("") : source);
const lines = (text) => text.split(/(?<=\n)/);
const isAnswer = (cell) => Boolean(cell.metadata.nbgrader?.solution);

// The notebook that the page carries.
function released(link) {
  const bytes = Uint8Array.from(atob(link.href.split("base64,")[1]), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

// The same with the reader's text in its cells, and nothing of what they printed.
function written(link) {
  const notebook = released(link);
  for (const cell of notebook.cells) {
    const stored = joined(cell.source).trim();
    const text = Edits.read(cell.id, stored, isAnswer(cell));
    if (text !== stored) cell.source = lines(text);
  }
  return notebook;
}

function save(link) {
  const text = `${JSON.stringify(written(link), null, 1)}\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "application/x-ipynb+json" }));
  dom.html("a", { href: address, download: link.download }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

// The answers in a notebook that somebody wrote elsewhere: by the names that the assignment gave them.
async function answersIn(file, link) {
  if (file.size > MOST_BYTES) throw new Error("it is too large");
  const { cells } = JSON.parse(await file.text());
  const theirs = new Map(cells.map((cell) => [cell.metadata?.nbgrader?.grade_id, joined(cell.source)]));
  const found = released(link)
    .cells.filter(isAnswer)
    .map((cell) => [cell, theirs.get(cell.metadata.nbgrader.grade_id)])
    .filter(([, text]) => typeof text === "string");
  if (!found.length) throw new Error("none of its answers is in it");
  return found;
}

function take(answers) {
  for (const [cell, text] of answers) Edits.write(cell.id, joined(cell.source).trim(), text.trim());
  location.reload();
}

// Buttons beside `link`, which downloads the notebook as it was released.
export function offerWork(link) {
  link.textContent = "Download it empty";
  const status = dom.html("span", { role: "status" });
  const download = dom.html("button", { type: "button", class: "launch" }, "Download with your answers");
  download.addEventListener("click", () => save(link));
  const input = dom.html("input", { type: "file", accept: ".ipynb,application/json", hidden: true });
  const open = dom.html("button", { type: "button", class: "launch" }, "Go on with your file");
  open.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    try {
      const answers = await answersIn(input.files[0], link);
      if (Edits.any()) ask(open, REPLACE, "Replace", () => take(answers));
      else take(answers);
    } catch (error) {
      console.warn(error);
      status.textContent = `${NO_NOTEBOOK}: ${error instanceof SyntaxError ? "it is damaged" : error.message}.`;
    }
    input.value = "";
  });
  link.before(download, " ", open, input, " ");
  link.closest(".assignment").append(status);
}
