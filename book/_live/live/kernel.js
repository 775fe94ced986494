// The page's own kernel: started, restarted, interrupted, lost and found again.
// thebe does the talking; this module turns its signals into one `state` and a sentence.

const SENTENCES = {
  starting: "starting the kernel",
  ready: "ready",
  busy: "running",
  restarted: "ready, with nothing run yet",
  died: "The kernel stopped and a fresh one was started: run the cells again.",
  lost: "The server does not answer. Start it again: cs231n book serve",
  unsigned: "The server is back. To run code, open the address that its terminal shows.",
};

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Kernel {
  // `connect` makes a new connection to the server.
  constructor(connect, notebook, root, onState, onFresh) {
    Object.assign(this, { connect, notebook, root, onState, onFresh });
    // A name of its own for every open page, so that two tabs do not share variables.
    const page = location.pathname.split("/").pop().replace(/\.html$/, "");
    this.path = `${page}-${crypto.randomUUID?.() ?? Date.now()}.ipynb`;
    // thebe leaves the loss of its connection unhandled; `recover` handles it.
    addEventListener("unhandledrejection", (event) => {
      if (/kernel|canceled future/i.test(event.reason?.message)) event.preventDefault();
    });
    addEventListener("pagehide", () => this.letGo());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  set(state) {
    this.state = state;
    this.onState(state, SENTENCES[state]);
  }

  async start(state = "ready") {
    if (state === "ready") this.set("starting");
    const silence = pause(30_000).then(() => Promise.reject(new Error("the kernel is silent")));
    await Promise.race([this.openSession(), silence]);
    this.listen(this.session.kernel);
    this.onFresh();
    this.set(state);
  }

  async openSession() {
    this.server?.dispose();
    this.server = this.connect(); // one that has failed is of no use again
    await this.server.ready;
    const options = { kernelName: "python3", path: this.path };
    this.session = await this.server.startNewSession(this.notebook.rendermime, options);
    this.notebook.attachSession(this.session);
    await this.session.kernel.info;
  }

  get id() {
    return this.session?.kernel?.id;
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
    this.onFresh();
    this.set("died");
  }

  // The connection is gone: wait for the server, then see whether the kernel is still there.
  async recover() {
    if (this.recovering || this.leaving) return;
    this.recovering = true;
    this.onFresh();
    let first = true;
    for (;;) {
      const host = await fetch(`${this.root}live.json`, { cache: "no-store" })
        .then((answer) => answer.json())
        .catch(() => null);
      if (host?.signedIn) break;
      if (!first || !host) this.set(host ? "unsigned" : "lost");
      first = false;
      await pause(1000);
    }
    try {
      const first = !this.session;
      this.session?.dispose();
      await this.start(first ? "ready" : "died");
    } catch (error) {
      console.error(error);
      this.set("lost");
      await pause(1000);
      this.recovering = false;
      return this.recover();
    }
    this.recovering = false;
  }

  async restart() {
    this.set("starting");
    this.recovering = true; // what restarting does to the connection is no accident
    await this.session.kernel.restart();
    this.recovering = false;
    this.onFresh();
    this.set("restarted");
  }

  interrupt() {
    return this.session.kernel.interrupt();
  }

  // The reader leaves: free the kernel's memory now, not when the server notices.
  letGo() {
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
