// The one maker of elements, for every script of the book: dom.html("p", { class: "x" }, "text").
// Children are elements or texts, never markup; an attribute that is false or undefined is left out.
const dom = (() => {
  function element(make, tag, attributes, children) {
    const node = make(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }
  const html = (tag, attributes = {}, ...children) =>
    element((name) => document.createElement(name), tag, attributes, children);
  const svg = (tag, attributes = {}, ...children) =>
    element((name) => document.createElementNS("http://www.w3.org/2000/svg", name), tag, attributes, children);

  const asked = new Map();

  // Fetch a script or a style sheet, once; scripts run in the order in which they were asked for.
  function load(address) {
    if (!asked.has(address)) {
      const node = /\.css$/.test(new URL(address).pathname)
        ? html("link", { rel: "stylesheet", href: address })
        : html("script", { src: address });
      node.async = false;
      const loaded = new Promise((resolve, reject) => {
        node.addEventListener("load", resolve);
        node.addEventListener("error", () => reject(new Error(`${address} does not load`)));
      });
      loaded.catch(() => asked.delete(address)); // the next one to ask tries again
      asked.set(address, loaded);
      document.head.append(node);
    }
    return asked.get(address);
  }

  return { html, svg, load };
})();
