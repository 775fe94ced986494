// Injected into every page: looks at what the page holds and fetches the code for that, nothing else.
//   <div class="explore" data-explore="knn-regions">   a figure to explore: explore/
//   a quiz, and the marks of what was read             quiz/
//   cells, on a host that runs them                    live/; elsewhere, where to open the notebook
//   an assignment, on such a host                      live/worksheet.js
// Figures and quizzes are plain scripts, so that they also work in a book opened from a folder.
(() => {
  const root = new URL("../", document.currentScript.src).href;
  const loads = [];
  const load = (path) => loads.push(dom.load(root + path).catch((error) => console.error(error)));

  // What this host says of itself; null if it says nothing.
  async function askHost() {
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

  // Where the notebook of this page can be opened, if it cannot be run here.
  function makeLaunchBar() {
    const told = [...document.querySelectorAll('meta[name^="launch:"]')];
    const named = told.map((meta) => [meta.name.slice("launch:".length), meta.content]);
    const install = named.find(([name]) => name === "install")?.[1];
    const links = named
      .filter(([name]) => name !== "install")
      .map(([name, href]) => dom.html("a", { href }, name));
    const notebook = document.querySelector("a.btn-download-source-button")?.href;
    if (notebook) links.push(dom.html("a", { href: notebook, download: true }, "Download the notebook"));
    const bar = dom.html("p", { class: "launch-bar" }, "To run this page: ", ...links);
    if (install) bar.append("In Colab, run first: ", dom.html("code", {}, install));
    return links.length ? bar : "";
  }

  // The offer to run the page here; null if this host or this browser does not.
  async function makeLiveBar(host) {
    if (!host?.engines) return null;
    try {
      const { offer } = await import(`${root}live/bar.js`);
      return await offer(host, askHost, root);
    } catch (error) {
      console.error(error); // a host that does not send scripts as JavaScript, say
      return null;
    }
  }

  // The ways to take work on an assignment along.
  async function offerWork(sheet) {
    const part = await import(`${root}live/worksheet.js`).catch(console.error);
    part?.offerWork(sheet);
  }

  async function start() {
    const figures = [...document.querySelectorAll("[data-explore]")].map((e) => e.dataset.explore);
    load("quiz/quiz.css");
    load("quiz/progress.js");
    if (document.querySelector(".quiz")) load("quiz/quiz.js");
    if (figures.length) {
      load("explore/explore.css");
      ["kit", "geometry", "plane", ...new Set(figures)].forEach((name) => load(`explore/${name}.js`));
    }

    const host = await askHost();
    if (host?.watch) reloadWhenRebuilt();
    if (document.querySelector("div.cell div.cell_input pre")) {
      const place = document.querySelector("article h1");
      const sheet = document.querySelector("a[data-worksheet]");
      if (sheet && host?.engines) offerWork(sheet);
      place.after((await makeLiveBar(host)) ?? (sheet ? "" : makeLaunchBar()));
    }
    await Promise.all(loads);
  }

  // For whoever has to wait for it: kept once all has come, or failed to come, that a page begins with.
  document.addEventListener("DOMContentLoaded", () => (dom.started = start()));
})();
