"""Whatever a stranger wrote is shown as text, wherever it is shown."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs231n_lib.course import checkout, text
from cs231n_lib.course.commands import say

HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold red]x[/]\u202egpj.exe\u2066\ud800\r\x00\u2028end"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@given(st.text(st.characters()))
def test_what_is_visible_does_nothing_and_can_be_encoded(value):
    for made in (text.visible(value), text.for_terminal(value), text.for_markup(value)):
        assert not ACTING.search(made)
        made.encode()


@given(st.text(), st.integers(1, 300))
def test_a_line_is_one_line_and_bounded(value, limit):
    made = text.line(value, limit)
    assert len(made) <= limit
    assert len(made.splitlines()) <= 1
    assert not ACTING.search(made)


@given(st.text(st.characters(codec="utf-8")))
def test_plain_words_of_any_script_stay(value):
    plain = "".join(c for c in value if c.isprintable())
    assert text.visible(plain) == plain


@pytest.mark.parametrize("name", ["José", "Ольга", "李小龍", "می‌خواهم", "👩‍💻", "O'Brien"])
def test_names_stay_as_they_are_written(name):
    assert text.for_terminal(name) == text.for_cell(name) == text.line(name) == name


@pytest.mark.parametrize("blank", ["", " ", "\t", "\r\n", "\u00a0", "\u3000", "\ufeff", "\u200d",
                                   "\x00", "\u202e", "\v"])  # fmt: skip
@pytest.mark.parametrize("start", text.FORMULA)
def test_no_text_becomes_a_formula(blank, start):
    made = text.for_cell(f"{blank}{start}HYPERLINK(1)")
    file = io.StringIO()
    csv.writer(file).writerow([made])
    ((read,),) = csv.reader(io.StringIO(file.getvalue()))
    assert read[0] == "'"


@pytest.mark.parametrize("value", [0, -3, 2.5, None, 10**20])
def test_numbers_stay_numbers(value):
    assert text.for_cell(value) is value


def test_the_terminal_is_told_nothing_by_a_stranger(capsys):
    say.say(HOSTILE)
    say.say(HOSTILE, err=True)
    say.say_table((HOSTILE,), [(HOSTILE,)], title=HOSTILE)
    say.say_error(HOSTILE)
    for shown in capsys.readouterr():
        assert not ACTING.search(shown)
        assert "\\x1b" in shown
    assert "[bold red]" not in text.for_markup(HOSTILE).replace("\\[bold red]", "")


def test_commands_print_through_one_door():
    """No command prints by itself, so none can forget to make a stranger's text safe."""
    folder = checkout.root() / "cs231n_lib" / "course" / "commands"
    direct = re.compile(r"(?<![\w.])print\(|typer\.(echo|secho)\(|\bConsole\(|sys\.std(out|err)")
    found = [
        f"{path.name}: {line.strip()}"
        for path in [*folder.glob("*.py"), folder.parent / "cli.py"]
        for line in path.read_text().splitlines()
        if path.name != "say.py" and direct.search(line)
    ]
    assert not found
