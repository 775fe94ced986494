"""Formulas keep their punctuation, numbers their signs, and long names may be broken."""

from types import SimpleNamespace

import pytest
from docutils import frontend, nodes, utils
from sphinx import addnodes

from cs231n_lib.course.publishing.sphinx import lines


def paragraph(*parts):
    """Return a paragraph; parts in dollar signs are formulas."""
    made = [nodes.math("", p[1:-1]) if p.startswith("$") else nodes.Text(p) for p in parts]
    return nodes.paragraph("", "", *made)


def joined(*parts):
    """Join the only formula of a paragraph, and return its pieces with the unbroken ones marked."""
    found = paragraph(*parts)
    lines.join(next(found.findall(nodes.math)))
    return [
        f"<{part.astext()}>" if isinstance(part, nodes.inline) else part.astext() for part in found
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["so ", "$x$", ", and"], ["so ", "<x,>", " and"]),
        (["a set (", "$x$", "), and"], ["a set ", "<(x),>", " and"]),
        (["$x$", "."], ["<x.>", ""]),
        (["the ", "$x$", "th one"], ["the ", "x", "th one"]),
        (["of ", "$x$", " (see"], ["of ", "x", " (see"]),
        (["$x$"], ["x"]),
    ],
)
def test_punctuation_stays_with_its_formula(parts, expected):
    assert joined(*parts) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("44.7 % of", "44.7~% of"),
        ("27.8 % ± 1.4 of", "27.8~%~±~1.4 of"),
        ("in chapter 4 and Fig. 11.1", "in chapter~4 and Fig.~11.1"),
        ("a % sign", "a % sign"),
        ("by -0.3 % ± 0.9", "by −0.3~%~±~0.9"),
        ("-0.5", "−0.5"),
        ("pages 3-4 of CIFAR-10", "pages 3-4 of CIFAR-10"),
    ],
)
def test_a_number_keeps_its_sign(said, expected):
    assert lines.kept_together(said).replace("\N{NO-BREAK SPACE}", "~") == expected


def test_a_sign_between_two_numbers_is_a_letter_beside_both():
    found = paragraph("by ", "$x$", " ", r"$\pm$", " 0.5 or ", r"$\pm$")
    for sign in list(found.findall(nodes.math))[1:]:
        lines.write_sign(sign)
    said = "|".join(part.astext() for part in found).replace("\N{NO-BREAK SPACE}", "~")
    assert said == "by |x|~|±|~0.5 or~|±"


def test_what_is_code_keeps_its_letters():
    document = utils.new_document("page", frontend.get_default_settings())
    signature = addnodes.desc_signature("", "", nodes.inline("", "", nodes.Text("-1")))
    said = nodes.paragraph("", "", nodes.strong("", "", nodes.Text("-1")))
    example = nodes.doctest_block("", ">>> -1")
    document += [signature, said, nodes.paragraph("", "", nodes.literal("", "-1")), example]
    lines.KeepTogether(document).run()
    assert document.astext().split() == ["-1", "−1", "-1", ">>>", "-1"]


def opened(body):
    """Return what a page's body becomes."""
    context = {"body": body}
    lines.open_names(SimpleNamespace(), "page", "page.html", context, None)
    return context["body"]


def test_a_long_name_may_be_broken_after_its_dots():
    assert opened('<span class="pre">cs231n_lib.layers.affine.</span>') == (
        '<span class="pre">cs231n_lib.<wbr>layers.<wbr>affine.<wbr></span>'
    )


@pytest.mark.parametrize("word", ["np.sum", "--force", "&quot;cs231n_lib&quot;"])
def test_a_short_word_is_not_broken_at_all(word):
    assert opened(f'<span class="pre">{word}</span>') == f'<span class="pre unbroken">{word}</span>'


@pytest.mark.parametrize("word", ["3.14159265358979323846", "learning_rate_decay_at_last"])
def test_what_is_no_qualified_name_has_no_joints(word):
    assert opened(f'<span class="pre">{word}</span>') == f'<span class="pre">{word}</span>'
