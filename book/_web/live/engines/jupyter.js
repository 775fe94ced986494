// Runs cells in a kernel of the Jupyter server that gives the pages (`cs231n book serve`).
// thebe does the talking; this is the only file that knows of it.

const LOST = "The server does not answer. Start it again: cs231n book serve";
const SENTENCES = {
  starting: "starting the kernel",
  ready: "ready",
  busy: "running",
  restarted: "ready, with nothing run yet",
  died: "The kernel stopped and a fresh one was started: run the cells again.",
  lost: LOST,
  unsigned: "The server is back. To run code, open the address that its terminal shows.",
};
const SHOWN = ["stream", "display_data", "execute_result", "error", "update_display_data", "clear_output"];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Jupyter {
  static words = { away: LOST, back: "The server is back." };

  static offer({ signedIn }) {
    const sentence = signedIn ? "" : "To run code, open the address that the terminal shows.";
    return { mayRun: signedIn, sentence };
  }

  constructor(root) {
    this.root = root;
    this.id = 0;
    this.loaded = dom.load(`${root}thebe/index.js`);
    this.loaded.catch(() => {}); // `start` sees it
    // A name of its own for every open page, so that two tabs do not share variables.
    const page = location.pathname.split("/").pop().replace(/\.html$/, "");
    this.path = `${page}-${crypto.randomUUID?.() ?? Date.now()}.ipynb`;
    // thebe leaves the loss of its connection unhandled; `recover` handles it.
    addEventListener("unhandledrejection", (event) => {
      if (/kernel|canceled future/i.test(event.reason?.message)) event.preventDefault();
    });
  }

  set(state) {
    this.state = state;
    this.report(state, SENTENCES[state]);
  }

  async start(report) {
    this.report = report;
    await this.open().catch(() => this.recover());
  }

  async open(state = "ready") {
    if (state === "ready") this.set("starting");
    const silence = pause(30_000).then(() => Promise.reject(new Error("the kernel is silent")));
    await Promise.race([this.openSession(), silence]);
    this.listen(this.session.kernel);
    this.id += 1;
    this.set(state);
  }

  async openSession() {
    await this.loaded;
    const { api, module } = window.thebeCore;
    const options = window.thebe.mergeOptions({
      useBinder: false,
      mathjaxUrl: "",
      savedSessionOptions: { enabled: false },
      serverSettings: { baseUrl: this.root.replace(/\/$/, ""), token: "", appendToken: false },
    });
    const config = api.makeConfiguration(options, window.thebe.events);
    this.server?.dispose(); // one that has failed is of no use again
    this.server = new module.ThebeServer(config);
    this.server.connectToJupyterServer();
    await this.server.ready;
    const unused = api.makeRenderMimeRegistry(config.mathjax); // outputs are drawn by the page
    this.session = await this.server.startNewSession(unused, { kernelName: "python3", path: this.path });
    await this.session.kernel.info;
  }

  listen(kernel) {
    const mine = () => this.session?.kernel === kernel && !this.recovering;
    kernel.statusChanged.connect((_, status) => {
      if (!mine()) return;
      if (status === "busy" && this.state === "ready") this.set("busy");
      if (status === "idle" && this.state === "busy") this.set("ready");
      if (status === "autorestarting") this.replaced();
      if (status === "dead") this.recover();
    });
    kernel.connectionStatusChanged.connect((_, status) => {
      if (mine() && status !== "connected") this.recover();
    });
    kernel.disposed.connect(() => mine() && this.recover());
  }

  // The kernel's process died and Jupyter started another.
  replaced() {
    this.id += 1;
    this.set("died");
  }

  // The connection is gone: wait for the server, then see whether the kernel is still there.
  async recover() {
    if (this.recovering || this.leaving) return;
    this.recovering = true;
    this.id += 1;
    let first = true;
    for (;;) {
      const host = await fetch(`${this.root}live.json`, { cache: "no-store" })
        .then((answer) => answer.json())
        .catch(() => null);
      if (host?.engines?.jupyter?.signedIn) break;
      if (!first || !host) this.set(host ? "unsigned" : "lost");
      first = false;
      await pause(1000);
    }
    try {
      const first = !this.session;
      this.session?.dispose();
      await this.open(first ? "ready" : "died");
    } catch (error) {
      console.error(error);
      this.set("lost");
      await pause(1000);
      this.recovering = false;
      return this.recover();
    }
    this.recovering = false;
  }

  async run(code, { show = () => {}, silent = false } = {}) {
    if (["died", "restarted"].includes(this.state)) this.set("ready");
    try {
      const future = this.session.kernel.requestExecute({ code, silent, allow_stdin: false });
      future.onIOPub = ({ header, content }) => {
        if (SHOWN.includes(header.msg_type)) show({ output_type: header.msg_type, ...content });
      };
      const { content } = await future.done;
      return { ok: content.status === "ok" };
    } catch {
      return { ok: false, gone: true };
    }
  }

  async restart() {
    this.set("starting");
    this.recovering = true; // what restarting does to the connection is no accident
    await this.session.kernel.restart();
    this.recovering = false;
    this.id += 1;
    this.set("restarted");
  }

  interrupt() {
    return this.session.kernel.interrupt();
  }

  // Free the kernel's memory now, not when the server notices.
  end() {
    this.leaving = true;
    const token = document.cookie.match(/\b_xsrf=([^;]*)/)?.[1];
    if (!this.session) return;
    fetch(`${this.root}api/sessions/${this.session.id}`, {
      method: "DELETE",
      keepalive: true,
      headers: { "X-XSRFToken": token },
    });
  }
}
