// A question in the place of the button that raises it: nothing of the reader's is thrown away unasked.

import { button } from "./button.js";

// `yes` names what `act` does. The focus goes to the other answer; that one, or Escape, leaves all as it is.
export function ask(asker, question, yes, act) {
  const close = () => {
    group.remove();
    asker.hidden = false;
    const next = asker.disabled ? asker.parentElement.querySelector("button:enabled") : asker;
    next?.focus();
  };
  const keep = button("Keep", "Keep my text", close);
  const group = dom.html(
    "span",
    { class: "live-ask", role: "group", "aria-label": question },
    question,
    button(yes, yes, () => {
      act();
      close();
    }),
    keep,
  );
  group.addEventListener("keydown", (event) => event.key === "Escape" && close());
  asker.hidden = true;
  asker.after(group);
  keep.focus();
}
