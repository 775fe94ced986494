// A figure in full size: a button beside each, and a dialog that scrolls and closes with Escape.
addEventListener("DOMContentLoaded", () => {
  const pictures = document.querySelectorAll(".bd-article picture.on-light");
  if (!pictures.length) return;
  const close = dom.html("button", { type: "button", class: "enlarged-close" }, "Close");
  const place = dom.html("div", { class: "enlarged-picture", tabindex: 0 });
  const dialog = dom.html("dialog", { class: "enlarged" }, close, place);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);

  pictures.forEach((picture, n) => {
    const number = picture.closest("figure")?.querySelector(".caption-number")?.textContent.trim();
    const name = number || `picture ${n + 1}`;
    const button = dom.html("button", { type: "button", class: "enlarge", "aria-label": `Enlarge ${name}` }, "Enlarge");
    const open = () => {
      const dark = document.documentElement.dataset.theme === "dark";
      const shown = dark ? picture.nextElementSibling : picture;
      const copy = shown.querySelector("img").cloneNode();
      copy.removeAttribute("loading");
      place.replaceChildren(copy);
      dialog.setAttribute("aria-label", name);
      place.setAttribute("aria-label", name);
      dialog.showModal();
    };
    button.addEventListener("click", open);
    for (const each of [picture, picture.nextElementSibling]) each.addEventListener("click", open);
    picture.nextElementSibling.after(button);
  });
});
