// Runs cells in the reader's own browser: Python compiled to WebAssembly, in a worker, out of files
// that lie beside the pages. The host needs to do nothing but give files.

import { Files, NotArrived } from "./inpage/files.js";

const MB = 1e6;
const RETRY_MS = 5_000;
const STUBBORN_MS = 2_000; // an interrupt that is not heard so long has met compiled code
const IDLE_MS = 3_000;
const LITTLE_MEMORY_GB = 2;

const SENTENCES = {
  starting: "starting Python",
  ready: "ready",
  busy: "running",
  restarted: "ready, with nothing run yet",
  died: "Python stopped and was started afresh: run the cells again.",
};
const AWAY = "The files of Python did not arrive. They are asked for again; is there a connection?";
const STUBBORN = "running one long step, which cannot be interrupted: Restart ends it";
const NO_ROOM = "ready; this browser has no room to keep Python, so the next visit loads it again";
const UNABLE = "Python does not start in this browser. Download the notebook and open it elsewhere";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class InPage {
  static words = { away: AWAY, back: "The files are there again." };

  // A function that gives back `ref.null exn`: the newest thing that the interpreter asks of a browser.
  static able() {
    const newest = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 105, 3, 2, 1, 0, 10, 6, 1, 4, 0, 208, 105, 11];
    return (
      typeof DecompressionStream === "function" &&
      typeof Worker === "function" &&
      WebAssembly.validate(new Uint8Array(newest)) &&
      (navigator.deviceMemory ?? LITTLE_MEMORY_GB) >= LITTLE_MEMORY_GB
    );
  }

  static async offer({ files, bytes }, root) {
    if (!InPage.able()) return null;
    const here = await new Files(root, files).here();
    const size = `The click loads ${Math.ceil(bytes / MB)} MB, once.`;
    return { mayRun: true, sentence: `Runs in your browser. ${here ? "Python is here already." : size}` };
  }

  constructor(root, told) {
    this.files = new Files(root, told.files);
    // Where the page lies in the book is where its cells run.
    this.folder = decodeURIComponent(new URL(".", location.href).href.slice(root.length));
    Object.assign(this, { bytes: told.bytes, id: 0, waiting: new Map(), questions: 0, state: "" });
  }

  set(state, sentence = SENTENCES[state]) {
    this.state = state;
    this.report(state, sentence);
  }

  async start(report) {
    this.report = report;
    this.set("starting");
    this.next = this.open(); // it reads its own code while the files come
    for (;;) {
      try {
        await this.fetchAll();
        await this.begin();
        this.fresh("ready");
        if ((await this.files.full()) && this.state === "ready") this.report("ready", NO_ROOM);
        return;
      } catch (error) {
        console.error(error);
        if (!(error instanceof NotArrived)) return this.set("lost", `${UNABLE} (${error.message}).`);
        this.set("lost", AWAY);
        await pause(RETRY_MS);
      }
    }
  }

  fresh(state) {
    this.id += 1;
    this.rest(state);
  }

  // Nothing runs now; if that stays so, there is time for an image.
  rest(state, sentence) {
    this.set(state, sentence);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keepImage(), IDLE_MS);
  }

  async fetchAll() {
    if (this.module) return;
    let received = 0;
    Object.assign(this, await this.files.all((bytes) => {
      received = Math.min(received + bytes, this.bytes);
      const [done, all] = [received, this.bytes].map((each) => Math.round(each / MB));
      if (this.state === "starting") this.report("starting", `loading Python: ${done} of ${all} MB`);
    }));
  }

  // Images --------------------------------------------------------------------------------------
  // Copies of an interpreter's memory once it has imported what every chapter needs: with one, the
  // next start, and every restart, takes a fraction of a second.

  // Make one in a worker of its own while the reader reads.
  async keepImage() {
    if (this.image || this.making || this.state === "busy" || this.leaving) return;
    this.making = true; // once: what fails now fails again
    const spare = this.open();
    try {
      await this.ask({ kind: "start", module: this.module, parts: this.parts, interruptible: this.raise() }, spare);
      this.image = await this.ask({ kind: "image" }, spare);
      await this.files.unpack();
      await this.files.keepImage(this.image);
    } catch (error) {
      console.warn(error); // then every start imports anew
    }
    spare.terminate();
  }

  // The worker ----------------------------------------------------------------------------------

  open() {
    const worker = new Worker(new URL("inpage/worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => this.hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.broken = new Error(event.message || "the worker is blocked");
      this.fail(worker.broken, worker);
    };
    return worker;
  }

  async begin() {
    this.worker?.terminate();
    this.worker = this.next ?? this.open();
    this.next = null;
    const { module, parts, image, folder } = this;
    const flag = this.raise();
    this.canStop = (await this.ask({ kind: "start", module, parts, image, folder, interruptible: flag })).canStop;
    URL.revokeObjectURL(flag);
  }

  ask(message, worker = this.worker) {
    if (worker.broken) return Promise.reject(worker.broken);
    const id = ++this.questions;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, worker });
      worker.postMessage({ ...message, id });
    });
  }

  hear({ kind, id, output, value, error }) {
    if (kind === "output") return this.show?.(output);
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  }

  fail(error, worker) {
    for (const [id, asked] of this.waiting) {
      if (asked.worker !== worker) continue;
      this.waiting.delete(id);
      asked.reject(error);
    }
  }

  // A flag that the worker can see: an address that works until it is revoked.
  raise() {
    return URL.createObjectURL(new Blob(["go"]));
  }

  async run(code, { show, silent = false } = {}) {
    this.show = silent ? null : show;
    this.flag = this.raise();
    const { worker } = this;
    this.set("busy");
    try {
      const { ok, bytes } = await this.ask({ kind: "run", code, interruptible: this.flag });
      this.rest("ready", `ready, with ${Math.round(bytes / MB)} MB of memory`);
      return { ok };
    } catch (error) {
      console.warn(error);
      if (worker === this.worker && !this.leaving) await this.revive();
      return { ok: false, gone: true };
    } finally {
      URL.revokeObjectURL(this.flag);
      this.show = null;
    }
  }

  // The interpreter met something that it does not survive, such as the end of all memory.
  async revive() {
    this.set("starting");
    await this.begin().then(
      () => this.fresh("died"),
      (error) => this.set("lost", `${UNABLE} (${error.message}).`),
    );
  }

  async interrupt() {
    if (this.state !== "busy") return;
    if (!this.canStop) return this.restart();
    const { flag } = this;
    URL.revokeObjectURL(flag);
    await pause(STUBBORN_MS);
    if (this.state === "busy" && this.flag === flag) this.set("busy", STUBBORN);
  }

  async restart() {
    const { worker } = this;
    this.set("starting");
    const begun = this.begin();
    this.fail(new Error("restarted"), worker);
    await begun.then(
      () => this.fresh("restarted"),
      (error) => this.set("lost", `${UNABLE} (${error.message}).`),
    );
  }

  end() {
    this.leaving = true;
    clearTimeout(this.timer);
    this.worker?.terminate();
    this.next?.terminate();
  }
}
