// The buttons of a live page: what they say, and in full what they do.

export function button(label, title, action) {
  const made = dom.html("button", { type: "button", title, "aria-label": title }, label);
  made.addEventListener("click", action);
  return made;
}
