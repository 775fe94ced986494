// Outputs that thebe would show as plain text: JSON, Markdown and formulas.

const FORMULA = /\$\$[\s\S]+?\$\$|\$(?!\s)[^$\n]+?\$|\\\([\s\S]+?\\\)|\\\[[\s\S]+?\\\]/g;

// MathJax is told formulas by \( \) and \[ \] only: a price in dollars is no formula elsewhere.
function delimited(formula) {
  if (formula.startsWith("$$")) return `\\[${formula.slice(2, -2)}\\]`;
  return formula.startsWith("$") ? `\\(${formula.slice(1, -1)}\\)` : formula;
}

let mathjax;

// A page without formulas of its own has not loaded MathJax.
async function typeset(node, root) {
  mathjax ??= new Promise((resolve, reject) => {
    if (window.MathJax?.startup) return resolve();
    window.MathJax = { chtml: { scale: 0.94 }, options: { enableMenu: false }, startup: { typeset: false } };
    const src = `${root}mathjax/tex-chtml.js`;
    document.head.append(
      Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject }),
    );
  });
  await mathjax;
  await window.MathJax.startup.promise;
  node.classList.add("mathjax_process");
  await window.MathJax.typesetPromise([node]);
}

const DRAWN = {
  "application/json": (node, data) => {
    const pre = document.createElement("pre");
    pre.textContent = JSON.stringify(data, null, 2);
    node.replaceChildren(pre);
  },
  "text/latex": (node, data, root) => {
    node.textContent = data.replace(FORMULA, delimited);
    return typeset(node, root);
  },
  "text/markdown": async (node, data, root, sanitizer) => {
    const { marked } = await import(`${root}marked/marked.esm.js`);
    // Formulas are put aside: to Markdown, their underscores and stars are emphasis.
    const formulas = [];
    const text = data.replace(FORMULA, (formula) => `\uE000${formulas.push(delimited(formula)) - 1}\uE001`);
    node.innerHTML = sanitizer.sanitize(marked.parse(text));
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const part = walker.currentNode;
      part.data = part.data.replace(/\uE000(\d+)\uE001/g, (_, n) => formulas[n]);
    }
    if (formulas.length) await typeset(node, root);
  },
};

// Teach a registry of renderers these types; text alone has a higher rank, so comes last.
export function extend(registry, root) {
  const plain = registry.getFactory("text/plain");
  Object.entries(DRAWN).forEach(([mimeType, draw], n) => {
    const createRenderer = (options) => {
      const widget = plain.createRenderer(options);
      widget.node.dataset.mimeType = mimeType;
      widget.renderModel = async (model) => draw(widget.node, model.data[mimeType], root, options.sanitizer);
      return widget;
    };
    registry.addFactory({ safe: true, mimeTypes: [mimeType], createRenderer }, 60 + n);
  });
}
