"""Ways to open a notebook where no server stands behind the page."""

import base64
import re
import types

import pytest
from sphinx.cmd.build import build_main

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing.sphinx import launch

CONF = """
project = "Small book"
root_doc = "intro"
extensions = ["myst_nb", "sphinx_book_theme", "cs231n_lib.course.publishing.sphinx.launch"]
html_theme = "sphinx_book_theme"
html_theme_options = {options}
"""
WISHED = {"colab_url": "https://colab.example", "binderhub_url": "https://binder.example"}


def options(address):
    return {
        "repository_url": address,
        "repository_branch": "main",
        "path_to_docs": "book",
        "launch_buttons": dict(WISHED),
    }


@pytest.fixture(scope="module", params=["", "https://github.com/them/course"])
def page(request, tmp_path_factory):
    """The address of the repository, and a page with an assignment's box."""
    folder = tmp_path_factory.mktemp("launch")
    # The directive finds the notebooks where they stand beside the book.
    source = folder / "book"
    source.mkdir()
    (folder / "exercises").symlink_to(root() / "exercises")
    (source / "conf.py").write_text(CONF.format(options=options(request.param)))
    (source / "intro.md").write_text("# Intro\n\n```{assignment} a1\n```\n")
    arguments = ["-q", "-W", "-b", "html", str(source), str(folder / "html")]
    assert build_main(arguments) == 0
    return request.param, folder / "html" / "intro.html"


def test_an_assignment_can_be_downloaded_from_the_page_itself(page):
    _, path = page
    ((name, content),) = re.findall(
        r'download="([^"]*)" href="data:[^"]*;base64,([^"]*)"', path.read_text()
    )
    released = root() / "exercises" / "a1" / "a1.ipynb"
    assert name == "a1.ipynb"
    assert base64.b64decode(content) == released.read_bytes()


def test_an_assignment_says_what_it_takes(page):
    _, path = page
    text = path.read_text()
    assert "Assignment 1: nearest neighbours" in text
    assert "Points: 50" in text
    assert "about 3 hours" in text
    words = re.sub("<.*?>", "", text)
    assert "cs231n lab a1" in words
    assert "&lt;" not in words.partition("Assignment 1")[2].partition("cs231n lab")[0]


def test_colab_and_binder_are_offered_where_there_is_a_repository(page):
    address, path = page
    links = re.findall(r'href="(https://(?:colab|binder)[^"]*)"', path.read_text())
    at = "exercises/a1/a1.ipynb"
    assert (
        links
        == [
            f"https://colab.example/github/them/course/blob/main/{at}",
            f"https://binder.example/v2/gh/them/course/main?urlpath=lab/tree/{at}",
        ][: 2 * bool(address)]
    )


def test_a_host_that_cannot_open_the_repository_is_not_offered():
    assert [*launch.hosts(options("https://gitlab.com/a/b"), "x.ipynb")] == ["Binder"]
    assert launch.hosts(options("https://git.example.org/a/b"), "x.ipynb") == {}


def test_an_unknown_assignment_is_a_warning_with_its_place(tmp_path, capsys):
    (tmp_path / "conf.py").write_text(CONF.format(options={}))
    (tmp_path / "intro.md").write_text("# Intro\n\n```{assignment} a99\n```\n")
    assert build_main(["-q", "-W", "-b", "html", str(tmp_path), str(tmp_path / "html")]) != 0
    assert "there is no assignment 'a99'" in capsys.readouterr().err


def test_scripts_are_told_where_a_chapter_can_be_opened():
    def told(address, suffix=".ipynb"):
        context = {"page_source_suffix": suffix, "metatags": ""}
        app = types.SimpleNamespace(
            config=types.SimpleNamespace(html_theme_options=options(address))
        )
        launch.name_repository(app, "labs/one", "page.html", context, None)
        return dict(re.findall(r'name="launch:(\w+)" content="([^"]*)"', context["metatags"]))

    found = told("https://github.com/them/course")
    assert (
        found["Colab"] == "https://colab.example/github/them/course/blob/main/book/labs/one.ipynb"
    )
    assert "git+https://github.com/them/course" in found["install"]
    assert told("") == {}
    assert told("https://github.com/them/course", ".md") == {}
