// Turns the readable quiz of the page (made by the directive {quiz}) into forms with feedback.
{
  // Every number that the text may mean: 2.5, −3, 1e-4, 1/3, 138,344,128 (one reading), and
  // 2,303 (two: a comma groups thousands here and marks decimals elsewhere).
  function readings(text) {
    const plain = text.trim().replace(/[−–]/g, "-").replace(/[\s_']/g, "");
    const number = (part) => (part ? Number(part) : NaN);
    const value = (ascii) => {
      const [top, bottom = "1", ...more] = ascii.split("/");
      return more.length ? NaN : number(top) / number(bottom);
    };
    const grouped = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? [value(plain.replaceAll(",", ""))] : [];
    return [...grouped, value(plain.replace(",", "."))].filter(Number.isFinite);
  }

  function build(question, index, total, report) {
    const { kind } = question.dataset;
    const text = question.querySelector(".quiz-text"), heading = question.querySelector(".quiz-number");
    const answers = [...question.querySelectorAll(".quiz-answer")];
    const id = `quiz-${index}`;
    heading.id = `${id}-number`;
    text.id = `${id}-text`;
    const feedback = dom.html("div", { class: "quiz-feedback", "aria-live": "polite" });

    let inputs, choices;
    if (kind === "number") {
      inputs = [dom.html("input", { type: "text", inputmode: "decimal", autocomplete: "off", id: `${id}-answer` })];
      choices = dom.html("div", { class: "quiz-choice" }, dom.html("label", { for: `${id}-answer` }, "Your answer:"), inputs[0]);
    } else {
      const items = [...question.querySelectorAll(".quiz-choices > li")];
      inputs = items.map((_, i) => dom.html("input", { type: kind === "single" ? "radio" : "checkbox", name: id, id: `${id}-${i}` }));
      choices = dom.html("div", {}, ...items.map((item, i) => dom.html("div", { class: "quiz-choice" }, inputs[i],
        dom.html("label", { for: `${id}-${i}` }, ...(item.querySelector(":scope > p") ?? item).childNodes))));
      if (kind === "multiple") text.append(dom.html("p", { class: "quiz-hint" }, "Tick every right choice."));
    }

    const form = dom.html("form", { class: "quiz-form", novalidate: "" },
      dom.html("fieldset", { "aria-labelledby": `${heading.id} ${text.id}` }, heading, text, choices,
        dom.html("button", { type: "submit" }, "Check"), feedback));
    question.replaceChildren(form);
    question.classList.toggle("quiz-solved", courseProgress.solved().includes(index));

    // Which answers to show, whether all is right, and the sentence above them.
    function judge() {
      const right = answers.map((answer) => answer.dataset.mark === "right");
      if (kind === "number") {
        const values = readings(inputs[0].value);
        if (!values.length) return { say: "Write a number, such as 2.5, 1e-3 or 1/3." };
        const near = ({ value: wanted, tolerance }) => wanted !== undefined
          && values.some((value) => Math.abs(value - wanted) <= Number(tolerance) + 1e-12 * Math.abs(wanted));
        const hit = answers.findIndex(({ dataset }) => near(dataset));
        const shown = answers.at(hit); // -1, no hit: the last one, "else"
        return { ok: hit === 0, shown: [shown], say: hit === 0 ? "Right." : "Not this number." };
      }
      const ticked = inputs.map((input) => input.checked);
      if (!ticked.includes(true)) return { say: "Choose an answer first." };
      if (kind === "single") {
        const chosen = ticked.indexOf(true);
        return { ok: right[chosen], shown: [answers[chosen]], say: right[chosen] ? "Right." : "Not this one." };
      }
      const wrong = answers.filter((_, i) => ticked[i] !== right[i]);
      return wrong.length ? { ok: false, shown: wrong, say: `${right.length - wrong.length} of ${right.length} boxes are as they should be. Think again about:` }
        : { ok: true, shown: answers, say: "All right." };
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { ok, shown = [], say } = judge();
      feedback.className = `quiz-feedback ${ok === undefined ? "" : ok ? "quiz-right" : "quiz-wrong"}`;
      const lines = shown.map((answer) => {
        const copy = answer.cloneNode(true);
        // The verdict line repeats the choice; only a list of several needs it.
        if (shown.length === 1) copy.firstElementChild.remove();
        return copy;
      });
      feedback.replaceChildren(dom.html("p", { class: "quiz-verdict" }, ok ? "✓ " : ok === false ? "✗ " : "", say), ...lines);
      window.MathJax?.typesetPromise?.([feedback]);
      if (ok) {
        courseProgress.solve(index, total);
        question.classList.add("quiz-solved");
        report();
      }
    });
  }

  const questions = [...document.querySelectorAll(".quiz-question")];
  const score = dom.html("p", { class: "quiz-score" });
  const report = () => {
    score.textContent = `${courseProgress.solved().length} of ${questions.length} questions answered rightly. Kept in this browser alone.`;
  };
  questions.forEach((question, index) => build(question, index, questions.length, report));
  [...document.querySelectorAll(".quiz")].at(-1).append(score);
  report();
}
