"""A course on a real JupyterHub: handed out, worked on, handed in, graded and given back on it.

Anne works in a browser, Bela through the addresses that the browser's buttons call, and the
instructor in a terminal of the instructor's own server.
"""

import csv
import io
import re

import pytest

from tests.browser.hub import Hub, why_not
from tests.course.notebooks import ANSWERS, notebook, to_bytes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: In a page of someone's server: run a command in a terminal of it; give what it printed.
TERMINAL = """async ([base, command]) => {
  const xsrf = document.cookie.match(/_xsrf=([^;]*)/)?.[1];
  const asked = { method: "POST", headers: { "X-XSRFToken": xsrf } };
  const { name } = await fetch(`${base}api/terminals`, asked).then((answer) => answer.json());
  const socket = new WebSocket(`${base.replace("http", "ws")}terminals/websocket/${name}`);
  let said = "";
  return new Promise((done, failed) => {
    socket.onerror = () => failed("no terminal");
    socket.onmessage = ({ data }) => {
      const [kind, text] = JSON.parse(data);
      const typed = ["stdin", `${command}; echo "ended $?."\\r`];
      if (kind === "setup") socket.send(JSON.stringify(typed));
      if (kind === "stdout") said += text;
      if (/ended \\d+\\./.test(said)) { socket.close(); done(said); }
    };
  });
}"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A running hub with the tiny assignment in a course of the instructor's."""
    if why_not():
        pytest.skip(why_not())
    hub = Hub(tmp_path_factory.mktemp("machine"))
    (hub.srv / "people" / "prof" / "roster.csv").write_text("student\nanne\nbela\n")
    home = "/srv/people/prof"
    hub.run("cs231n", "course", "new", "vision", "--assignments", "none", "--roster", "roster.csv",
            user="prof", folder=home)  # fmt: skip
    hub.run("mkdir", f"{home}/vision/solutions/a1", user="prof")
    master = hub.srv / "people" / "prof" / "vision" / "solutions" / "a1" / "a1.ipynb"
    master.write_bytes(to_bytes(notebook()))
    hub.run(
        "cs231n", "course", "recipe", "jupyterhub", "../hub", user="prof", folder=f"{home}/vision"
    )
    hub.run("cp", "-r", f"{home}/hub", "/srv/hub")
    hub.run("install", "-d", "-m", "1777", "/srv/nbgrader/exchange")
    try:
        hub.start("/srv/hub/jupyterhub_config.py")
        yield hub
    finally:
        hub.stop()


class Person:
    """Someone who signed in at the hub and whose server runs."""

    def __init__(self, hub, name, chromium):
        self.base = f"{hub.address}/user/{name}/"
        self.enter = "cd vision && " if name == "prof" else ""
        self.page = chromium.new_context().new_page()
        self.page.goto(hub.address)
        self.page.fill("#username_input", name)
        self.page.fill("#password_input", "secret")
        self.page.click("#login_submit")
        self.page.wait_for_url(re.compile(re.escape(f"{self.base}lab")))

    def ask(self, method, path, **options):
        """Call an address of the person's server, as the buttons of its pages do."""
        cookies = {c["name"]: c["value"] for c in self.page.context.cookies(f"{self.base}lab")}
        headers = {"X-XSRFToken": cookies["_xsrf"]}
        return self.page.context.request.fetch(
            self.base + path, method=method, headers=headers, **options
        )

    def order(self, action):
        """Have nbgrader's list fetch or submit the assignment, or fetch the feedback."""
        form = {"course_id": "vision", "assignment_id": "a1"}
        answer = self.ask("POST", f"assignments/{action}", form=form).json()
        assert answer["success"], answer

    def type(self, command):
        """Run a command in a terminal; return what it printed."""
        said = self.page.evaluate(TERMINAL, [self.base, f"{self.enter}{command}"])
        assert "ended 0." in said, said
        return said

    def write(self, **answers):
        """Put answers into the fetched notebook and save it, as the editor does."""
        content = self.ask("GET", "api/contents/a1/a1.ipynb").json()["content"]
        for cell in content["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            cell["source"] = answers.get(name, cell["source"])
        saved = {"type": "notebook", "format": "json", "content": content}
        assert self.ask("PUT", "api/contents/a1/a1.ipynb", data=saved).ok


def test_a_term_on_a_hub(hub, chromium, expect):
    prof, anne, bela = (Person(hub, name, chromium) for name in ("prof", "anne", "bela"))
    prof.type("cs231n release a1 && nbgrader release_assignment a1")

    # The formgrader shows every grade: it is the instructor's alone, as the course's folder is.
    assert prof.ask("GET", "formgrader").ok
    assert anne.ask("GET", "formgrader").status == 404
    assert "Permission denied" in anne.type("cat /srv/people/prof/vision/roster.csv 2>&1; true")

    button = lambda name: anne.page.get_by_role("button", name=name, exact=True)  # noqa: E731
    anne.page.get_by_role("menuitem", name="Nbgrader").click()
    expect(anne.page.get_by_role("menuitem", name="Formgrader")).to_have_count(0)
    anne.page.get_by_role("menuitem", name="Assignment List").click()
    button("Fetch").click()
    expect(button("Submit")).to_be_visible()
    anne.write(**ANSWERS)
    assert "passed" in anne.type("cs231n check a1/a1.ipynb")
    button("Submit").click()
    expect(anne.page.get_by_text(re.compile(r"^20\d\d-"))).not_to_have_count(0)

    bela.order("fetch")
    bela.write(double=ANSWERS["double"])
    bela.order("submit")
    inbound = "/srv/nbgrader/exchange/vision/inbound"
    forged = f"{inbound}/anne+a1+2099-01-01 00:00:00.000000 UTC+x"
    bela.type(f"mkdir '{forged}' && cp a1/a1.ipynb '{forged}'")

    refused = prof.type(f"cs231n collect a1 {inbound} || test $? = 1")
    assert "bela put it there, under another's name" in " ".join(refused.split())
    prof.type("cs231n grade a1 -n 1 && cs231n feedback a1 && nbgrader release_feedback a1")
    prof.type("cs231n export a1 --partial -o a1.csv")
    grades = (hub.srv / "people" / "prof" / "vision" / "a1.csv").read_text("utf-8-sig")
    scores = {row["student"]: row["score"] for row in csv.DictReader(io.StringIO(grades))}
    assert scores == {"anne": "4.0", "bela": "3.0"}

    button("Fetch Feedback").click()
    expect(anne.page.get_by_text("(view feedback)")).to_be_visible()
    bela.order("fetch_feedback")
    for person, told in ((anne, "4 of 6 points"), (bela, "3 of 6 points")):
        assert told in person.type("cat a1/feedback/*/a1.html")
    # Whose page is whose is nobody else's business.
    assert "Permission denied" in anne.type("ls /srv/nbgrader/exchange/vision/feedback 2>&1; true")
