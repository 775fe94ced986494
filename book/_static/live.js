// Injected into every page: offers "Run this page live" where `cs231n book serve` gives the page.
// On a static host, or opened from a folder, it does nothing; the code that runs cells is
// fetched only after the click.
(() => {
  const root = new URL("../", document.currentScript.src).href;

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
      status.textContent = "To run code, open the address that the terminal shows.";
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
        button.disabled = false;
        status.textContent = "The server does not answer. Start it again: cs231n book serve";
        console.error(error);
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
    if (host && cells.length) document.querySelector("article h1").after(makeBar(cells, host.signedIn));
  });
})();
