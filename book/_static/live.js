// Injected into every page: offers "Run this page live" where `cs231n book serve` gives the page.
// On a static host, or opened from a folder, it offers the ways that work there.  The code that
// runs cells is fetched only after the click.
(() => {
  const root = new URL("../", document.currentScript.src).href;
  const UNSIGNED = "To run code, open the address that the terminal shows.";

  async function whatThisHostCanDo() {
    if (!location.protocol.startsWith("http")) return null;
    try {
      const answer = await fetch(`${root}live.json`, { cache: "no-store" });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  // While an author writes: load the page again once it was rebuilt.
  function reloadWhenRebuilt() {
    const version = async () => {
      const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
      return answer.ok ? answer.headers.get("Last-Modified") : null;
    };
    let seen = null;
    setInterval(async () => {
      const now = await version().catch(() => null);
      if (seen && now && now !== seen) location.reload();
      seen = now ?? seen;
    }, 1000);
  }

  // Without a server behind the page: where its notebook can be opened instead.
  function makeLaunchBar() {
    const bar = document.createElement("p");
    bar.className = "launch-bar";
    const told = [...document.querySelectorAll('meta[name^="launch:"]')];
    const named = told.map((meta) => [meta.name.slice("launch:".length), meta.content]);
    const places = named.filter(([name]) => name !== "install");
    const notebook = document.querySelector("a.btn-download-source-button")?.href;
    if (notebook) places.push(["Download the notebook", notebook]);
    bar.append("To run this page: ");
    for (const [name, href] of places) {
      const link = Object.assign(document.createElement("a"), { href, textContent: name });
      if (href === notebook) link.download = "";
      bar.append(link);
    }
    const install = named.find(([name]) => name === "install")?.[1];
    if (install) {
      const command = document.createElement("code");
      command.textContent = install;
      bar.append("In Colab, run first: ", command);
    }
    return places.length ? bar : "";
  }

  function makeBar(cells, signedIn) {
    const bar = document.createElement("div");
    bar.className = "live-bar";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "live-start";
    button.textContent = "Run this page live";
    const status = document.createElement("span");
    status.className = "live-status";
    status.setAttribute("role", "status");
    bar.append(button, status);
    if (!signedIn) {
      button.disabled = true;
      status.textContent = UNSIGNED;
    } else if (localStorage.getItem(`cs231n:edits:${location.pathname}`)) {
      status.textContent = "Your edits of this page are kept.";
    }
    button.addEventListener("click", async () => {
      button.disabled = true;
      status.textContent = "starting";
      try {
        const { activate } = await import(`${root}live/page.js`);
        await activate(bar, cells, root);
      } catch (error) {
        console.error(error);
        status.textContent = "The server does not answer. Start it again: cs231n book serve";
        let host = null;
        while (!host) {
          await new Promise((done) => setTimeout(done, 1000));
          host = await whatThisHostCanDo();
        }
        button.disabled = !host.signedIn;
        status.textContent = host.signedIn ? "The server is back." : UNSIGNED;
      }
    });
    return bar;
  }

  document.addEventListener("DOMContentLoaded", async () => {
    const cells = [...document.querySelectorAll("div.cell")].filter((cell) =>
      cell.querySelector("div.cell_input pre"),
    );
    const host = await whatThisHostCanDo();
    if (host?.watch) reloadWhenRebuilt();
    if (!cells.length) return;
    const bar = host ? makeBar(cells, host.signedIn) : makeLaunchBar();
    document.querySelector("article h1").after(bar);
  });
})();
