"""The explorable figures: their numbers against the library, and how they behave in a browser.

The page is opened from a folder (``file://``), as a reader does who has only downloaded the book.
"""

import re
from pathlib import Path

import numpy as np
import pydata_sphinx_theme
import pytest

from cs231n_lib.costs.account import account
from cs231n_lib.course.checkout import root
from cs231n_lib.layers import conv_output_size
from cs231n_lib.layers.conv.naive import conv_backward_naive, conv_forward_naive
from cs231n_lib.losses import (
    softmax_loss,
    softmax_loss_vectorized,
    svm_loss,
    svm_loss_vectorized,
)
from cs231n_lib.neighbors import KNearestNeighbor
from cs231n_lib.nets.pattern import PatternError
from cs231n_lib.training.optim import SGD, Momentum

pytestmark = pytest.mark.browser

FOLDER = root() / "book" / "_web" / "explore"
STATIC = [root() / "book" / "_static" / name for name in ("dom.js", "start.js")]
SHARED = {"geometry", "kit", "plane"}
FIGURES = sorted(path.stem for path in FOLDER.glob("*.js") if path.stem not in SHARED)
THEME = Path(pydata_sphinx_theme.__path__[0], "theme/pydata_sphinx_theme/static/styles")
FALLBACK = "This is what stands here without JavaScript."


def await_figures(page, missing=0):
    count = len(FIGURES) - missing
    page.wait_for_function(f"document.querySelectorAll('[data-ready]').length == {count}")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A page with every figure, laid out like the built book, and the theme's own colours."""
    site = tmp_path_factory.mktemp("site")
    (site / "_static").mkdir()
    for script in STATIC:
        (site / "_static" / script.name).symlink_to(script)
    for folder in ("explore", "quiz"):
        (site / folder).symlink_to(FOLDER.parent / folder)
    styles = [f'<link rel="stylesheet" href="{THEME.as_uri()}/{name}.css">'
              for name in ("theme", "pydata-sphinx-theme")]  # fmt: skip
    figures = [f'<div class="explore" data-explore="{name}">\n<p>{FALLBACK}</p>\n</div>'
               for name in FIGURES]  # fmt: skip
    (site / "page.html").write_text(
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Figures</title>{''.join(styles)}"
        '<script src="_static/dom.js"></script><script src="_static/start.js"></script></head>'
        f"<body><main><h1>Figures</h1>{''.join(figures)}</main></body></html>",
        encoding="utf-8",
    )
    return (site / "page.html").as_uri()


@pytest.fixture
def open_page(chromium, url):
    """Open the page with the given context options; fail on any error in a script."""
    contexts, errors = [], []

    def open_page(theme="light", wait=True, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        if wait:
            await_figures(page)
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture(scope="module")
def page(chromium, url):
    """The page with all figures, not to be clicked on: for calling their functions."""
    page = chromium.new_page()
    page.goto(url)
    await_figures(page)
    yield page
    page.close()


@pytest.fixture(scope="module")
def model(page):
    """Call a pure function of a figure once for each list of arguments."""

    def call(figure, function, calls):
        return page.evaluate(
            "([figure, name, calls]) => calls.map((c) => explore.models[figure][name](...c))",
            [figure, function, calls],
        )

    return call


# --- the numbers are the library's ------------------------------------------------------------


def test_conv_geometry_agrees_with_the_library_word_for_word(page):
    cases = [
        [W, F, S, P]
        for W in range(1, 13) for F in range(1, 8) for S in range(1, 6) for P in range(4)
    ]  # fmt: skip
    shown_for = page.evaluate("cases => cases.map((c) => explore.outputSize(...c))", cases)
    for case, shown in zip(cases, shown_for, strict=True):
        try:
            expected = {"size": conv_output_size(*case)}
        except ValueError as error:
            expected = {"error": str(error)}
        assert shown == expected, case


@pytest.mark.parametrize(("name", "library"), [("hinge", svm_loss), ("softmax", softmax_loss)])
def test_losses_agree_with_the_library(model, name, library):
    scores = np.random.default_rng(0).uniform(-6, 6, (50, 3)).round(1)
    scores[0] = 0
    rows = scores.tolist()
    for row, shown in zip(rows, model("hinge-softmax", name, [[row] for row in rows]), strict=True):
        loss, gradient = library(np.array([row]), np.array([0]))
        assert shown["loss"] == pytest.approx(loss, rel=1e-12, abs=1e-15)
        np.testing.assert_allclose(shown["gradient"], gradient[0], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "library"), [("svm", svm_loss_vectorized), ("softmax", softmax_loss_vectorized)]
)
def test_losses_of_templates_agree_with_the_library(model, name, library):
    rng = np.random.default_rng(2)
    points = np.c_[rng.uniform(-4, 4, (30, 2)), rng.integers(0, 3, 30)]
    X, y = np.c_[points[:, :2], np.ones(30)], points[:, 2].astype(int)
    rows = rng.uniform(-2, 2, (20, 3, 3))
    calls = [[W.tolist(), name, 0.03, points.tolist()] for W in rows]
    for W, shown in zip(rows, model("linear-classifier", "loss", calls), strict=True):
        loss, gradient = library(W.T, X, y, 0.03)
        assert shown["loss"] == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(shown["gradient"], gradient.T, rtol=1e-9, atol=1e-14)
        calls = [[W.tolist(), *point] for point in points[:, :2].tolist()]
        assert model("linear-classifier", "predict", calls) == (X @ W.T).argmax(axis=1).tolist()


@pytest.mark.parametrize("metric", ["l1", "l2"])
def test_regions_agree_with_the_library(model, metric):
    rng = np.random.default_rng(1)
    # Coordinates in sixteenths are exact in binary, so that equal distances are equal in both.
    points = np.c_[rng.integers(0, 160, (24, 2)) / 16, rng.integers(0, 3, 24)]
    queries = rng.integers(0, 160, (60, 2)) / 16
    knn = KNearestNeighbor(metric).fit(points[:, :2], points[:, 2].astype(int))
    for k in (1, 2, 3, 4, 7, 15, 24):
        calls = [[points.tolist(), k, metric, x, y] for x, y in queries.tolist()]
        assert model("knn-regions", "predict", calls) == knn.predict(queries, k=k).tolist()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scheme", ["forward", "centred"])
def test_difference_quotients_agree_bit_for_bit(model, dtype, scheme):
    hs = [10 ** (e / 2) for e in range(-32, 1)]
    x, two = dtype(2), dtype(2)
    functions = [
        ("cube", lambda x: x * x * x, 12.0),
        ("inverse", lambda x: dtype(1) / x, -0.25),
    ]
    for name, f, slope in functions:
        calls = [[name, scheme, dtype.__name__, h] for h in hs]
        for h, shown in zip(hs, model("gradcheck-h", "error", calls), strict=True):
            h = dtype(h)
            change = f(x + h) - f(x) if scheme == "forward" else f(x + h) - f(x - h)
            quotient = change / (h if scheme == "forward" else two * h)
            assert shown == abs(float(quotient) - slope) / abs(slope)


def test_the_v_curve_has_its_minimum_where_theory_puts_it(model):
    for scheme, power in (("forward", 1 / 2), ("centred", 1 / 3)):
        for dtype in (np.float64, np.float32):
            [curve] = model("gradcheck-h", "sweep", [["exp", scheme, dtype.__name__]])
            best = min((error, e) for e, error in curve if error > 0)[1]
            assert abs(best - power * np.log10(np.finfo(dtype).eps)) < 1


GRADIENTS = {
    "bowl": lambda p: p.copy(),
    "ravine": lambda p: p * np.array([1.0, 12.0]),
    "minima": lambda p: np.array([p[0] * (p[0] ** 2 - 4) / 4 + 0.3, 2 * p[1]]),
}


@pytest.mark.parametrize("landscape", GRADIENTS)
@pytest.mark.parametrize(("rate", "momentum"), [(0.03, 0.0), (0.1, 0.9), (0.16, 0.5)])
def test_descent_agrees_with_the_optimisers(model, landscape, rate, momentum):
    [path] = model("learning-rate", "descend", [[landscape, rate, momentum, 40]])
    optimiser = Momentum(rate, momentum=momentum) if momentum else SGD(rate)
    params = {"p": np.array(path[0])}
    for point in path[1:]:
        optimiser.step(params, {"p": GRADIENTS[landscape](params["p"])})
        np.testing.assert_allclose(point, params["p"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("depth", "F", "S"), [(1, 3, 1), (3, 3, 1), (2, 5, 2), (3, 3, 2), (4, 1, 2)]
)
def test_receptive_field_is_where_the_gradient_reaches(model, depth, F, S):
    [sizes] = model("receptive-field", "receptiveField", [[depth, F, S]])
    size, caches = sizes[-1], []
    x, w, param = np.ones((1, 1, size, size)), np.ones((1, 1, F, F)), {"stride": S, "pad": 0}
    while x.shape[-1] > 1:
        x, cache = conv_forward_naive(x, w, np.zeros(1), param)
        caches.append(cache)
    assert len(caches) == (depth if F > 1 else 0)  # 1 x 1 filters see one pixel at any depth
    dx = np.ones_like(x)
    for cache in reversed(caches):
        dx = conv_backward_naive(dx, cache)[0]
    assert np.count_nonzero(dx) == size**2


VGG16 = (
    "INPUT[224x224x3] -> [CONV3-64 -> RELU]*2 -> POOL2 -> [CONV3-128 -> RELU]*2 -> POOL2"
    " -> [CONV3-256 -> RELU]*3 -> POOL2 -> [[CONV3-512 -> RELU]*3 -> POOL2]*2"
    " -> [FC-4096 -> RELU]*2 -> FC-1000"
)
PATTERNS = [
    "INPUT[32x32x3] -> FC-10",
    "INPUT[32x32x3] -> [[CONV3-64 -> RELU]*2 -> POOL2]*3 -> [FC-512 -> RELU]*1 -> FC-10",
    "INPUT[32x24x1]->[CONV5-6p0->BN->RELU->POOL2?1]*2->FC-120->BN->DROPOUT-0.5->FC-10",
    "INPUT[227x227x3] -> CONV11-96s4p0 -> RELU -> POOL3s2 -> [CONV3-8*2 -> POOL3s2?0]*0 -> FC-9",
    VGG16,
]
WRONG = [
    "", "FC-10", "INPUT[32x32]", "INPUT[32x32x0] -> FC-1", "INPUT[8x8x3]", "INPUT[8x8x3] -> ",
    "INPUT[8x8x3] -> CONV2-4", "INPUT[8x8x3] -> CONV3-4s0", "INPUT[8x8x3] -> POOL3 -> FC-1",
    "INPUT[8x8x3] -> FC-5 -> CONV3-4", "INPUT[8x8x3] -> [FC-5", "INPUT[8x8x3] -> FC-5]",
    "INPUT[8x8x3] -> FC-5*", "INPUT[8x8x3] -> [FC-5]?1", "INPUT[8x8x3] -> RELU?2",
    "INPUT[8x8x3] -> DROPOUT-1.5", "INPUT[8x8x3] -> [RELU*40 -> BN]*30",
    "INPUT[8x8x3] -> " + "[" * 21 + "RELU" + "]" * 21, "INPUT[8x8x3] -> constructor-3",
    "INPUT[8x8x3] -> RELU RELU",
]  # fmt: skip


def library_account(pattern):
    """What the library says of a pattern, in the figure's form."""
    try:
        result = account(pattern)
    except PatternError as error:
        return {"error": str(error).split("\n")[0], "position": error.position}
    rows = [
        {
            "name": row.name,
            "out": list(row.output_shape),
            "activations": row.activations,
            "weights": row.weights,
            "other": row.other_parameters,
            "work": row.multiply_adds,
        }
        for row in result.rows
    ]
    totals = {
        "activations": result.activations,
        "weights": result.weights,
        "other": result.parameters - result.weights,
        "work": result.multiply_adds,
    }
    return {"rows": rows, "totals": totals}


def test_patterns_are_read_and_counted_as_in_the_library(model):
    rng = np.random.default_rng(0)
    damaged = []
    for _ in range(400):  # one character lost, doubled or replaced
        pattern = PATTERNS[rng.integers(len(PATTERNS))]
        at = rng.integers(len(pattern))
        new = ["", pattern[at] * 2, rng.choice(list("[]->*?x0159 sp-CONVRELU"))][rng.integers(3)]
        damaged.append(pattern[:at] + new + pattern[at + 1 :])
    cases = PATTERNS + WRONG + damaged
    expected = [library_account(pattern) for pattern in cases]
    assert all("rows" in each for each in expected[: len(PATTERNS)])
    assert all("error" in each for each in expected[len(PATTERNS) :][: len(WRONG)])
    for pattern, shown, says in zip(
        cases, model("pattern-memory", "account", [[p] for p in cases]), expected, strict=True
    ):
        assert shown == says, pattern


@pytest.mark.parametrize("optimiser", ["SGD", "Momentum", "Adam"])
def test_training_memory_is_that_of_the_library(model, optimiser):
    for pattern in PATTERNS:
        result = account(pattern)
        totals = library_account(pattern)["totals"]
        calls = [[totals, batch, optimiser] for batch in (1, 64)]
        shown = model("pattern-memory", "trainingBytes", calls)
        assert shown == [result.training_bytes(batch, optimiser) for batch in (1, 64)]


# --- the reader's hands, eyes and ears --------------------------------------------------------


def control(page, figure, label):
    return page.locator(f'[data-explore="{figure}"]').get_by_label(label, exact=True)


def status(page, figure):
    return page.locator(f'[data-explore="{figure}"] .explore-status')


@pytest.mark.parametrize("figure", FIGURES)
def test_every_control_is_reached_and_works_by_keyboard(open_page, figure):
    page = open_page()
    box = page.locator(f'[data-explore="{figure}"]')
    controls = box.locator("input, select, textarea, button").all()
    controls[0].focus()
    for control in controls[1:]:
        page.keyboard.press("Tab")
        assert control.evaluate("e => e === document.activeElement")
        outline = control.evaluate("e => getComputedStyle(e).outlineStyle")
        assert outline != "none", "focus must be visible"
    for slider in box.locator("input[type=range]").all():
        before = slider.evaluate("e => e.value + e.getAttribute('aria-valuetext')")
        slider.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Home")
        page.keyboard.press("End")
        assert slider.evaluate("e => e.value + e.getAttribute('aria-valuetext')") != before
    assert status(page, figure).get_attribute("aria-live") == "polite"


def test_an_outlier_makes_an_island_until_k_outvotes_it(open_page, expect):
    page = open_page()
    expect(status(page, "knn-regions")).to_contain_text("no islands")
    control(page, "knn-regions", "Add an outlier").focus()
    page.keyboard.press("Space")
    expect(status(page, "knn-regions")).to_contain_text("of 25 training points")
    expect(status(page, "knn-regions")).to_contain_text("1 island cut off")
    control(page, "knn-regions", "Neighbours k").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(status(page, "knn-regions")).to_contain_text("k = 5, L2: 1 of 25")
    expect(status(page, "knn-regions")).to_contain_text("no islands")


def test_templates_are_turned_by_keys_and_by_gradient_descent(open_page, expect):
    page = open_page()
    box = page.locator('[data-explore="linear-classifier"]')
    expect(status(page, "linear-classifier")).to_contain_text("after 0 steps")
    expect(box.locator("svg line")).to_have_count(3)
    expect(box.locator("svg line").first).not_to_have_css("stroke", "none")
    template = box.locator(".knn-point").first
    template.focus()
    expect(template).to_have_attribute("aria-label", "Template of blue, 1.5, 0.3")
    page.keyboard.press("ArrowLeft")
    expect(template).to_have_attribute("aria-label", "Template of blue, 1.4, 0.3")
    expect(template).to_be_focused()
    for _ in range(4):
        box.get_by_role("button", name="Fifty steps").press("Enter")
    expect(status(page, "linear-classifier")).to_contain_text("after 200 steps; 0 of 18 points")
    box.get_by_role("button", name="Start again").press("Enter")
    expect(status(page, "linear-classifier")).to_contain_text("after 0 steps")


def test_points_move_by_arrow_keys_and_by_dragging(open_page, expect):
    page = open_page()
    points = page.locator('[data-explore="knn-regions"] .knn-point')
    points.first.focus()
    expect(points.first).to_have_attribute("aria-label", "Point 1 of 24, blue, at x 1.2, y 4.8")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(points.first).to_have_attribute("aria-label", "Point 1 of 24, blue, at x 1.3, y 4.3")
    expect(points.first).to_be_focused()  # though the picture was drawn anew
    page.keyboard.press("Enter")
    expect(points.first).to_have_attribute("aria-label", re.compile("orange"))
    page.keyboard.press("n")
    expect(points.nth(1)).to_be_focused()
    points.nth(20).hover()
    page.mouse.down()
    page.mouse.move(100, 100, steps=3)
    box = page.locator('[data-explore="knn-regions"] svg').bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    expect(points.nth(20)).to_have_attribute("aria-label", re.compile("at x 5.0, y 3.0"))


def test_the_hinge_rests_past_the_margin_and_softmax_does_not(open_page, expect):
    page = open_page()
    page.get_by_role("button", name="Just past the margin").press("Enter")
    loss, _ = softmax_loss(np.array([[3.1, 2, -1]]), np.array([0]))
    expect(status(page, "hinge-softmax")).to_contain_text(
        f"Hinge loss 0.00, softmax loss {loss:.4f}"
    )
    page.get_by_role("button", name="Start: all equal").press("Enter")
    expect(status(page, "hinge-softmax")).to_contain_text("Hinge loss 2.00, softmax loss 1.0986")


def test_an_illegal_geometry_is_explained(open_page, expect):
    page = open_page()
    control(page, "conv-geometry", "Input width W").fill("8")
    with pytest.raises(ValueError, match="illegal geometry") as caught:
        conv_output_size(8, 3, 2, 1)
    message = page.locator('[data-explore="conv-geometry"] .explore-error')
    expect(message).to_have_text(str(caught.value))
    assert page.locator('[data-explore="conv-geometry"] .conv-lost').count() > 0
    control(page, "conv-geometry", "Stride S").fill("1")
    expect(status(page, "conv-geometry")).to_contain_text("= 8. The output keeps the size")


def test_a_wrong_pattern_is_pointed_at(open_page, expect):
    page = open_page()
    pattern = control(page, "pattern-memory", "Pattern")
    expect(status(page, "pattern-memory")).to_contain_text("716,362 parameters, 197,130 values")
    pattern.fill("INPUT[32x32x3] -> CONV3-x -> FC-10")
    error = page.locator('[data-explore="pattern-memory"] .explore-error')
    expect(error).to_contain_text("expected the number of filters, a whole number")
    text, caret, _ = error.inner_text().split("\n")
    assert text[caret.index("^") - 1 : caret.index("^") + 1] == "-x"
    expect(pattern).to_have_attribute("aria-invalid", "true")
    expect(pattern).to_have_accessible_description(re.compile("expected the number of filters"))
    expect(status(page, "pattern-memory")).to_contain_text("At character 25 ")
    control(page, "pattern-memory", "Example").select_option("VGG-16")
    expect(status(page, "pattern-memory")).to_contain_text("138,357,544 parameters, 15,237,608")
    expect(pattern).to_have_attribute("aria-invalid", "false")


@pytest.mark.parametrize(("rate", "verdict"), [
    (-2.5, "still on its way"), (-1, "converges"), (-0.78, "oscillates"), (-0.7, "diverges"),
])  # fmt: skip
def test_the_learning_rate_is_judged(open_page, expect, rate, verdict):
    page = open_page()
    control(page, "learning-rate", "Learning rate").fill(str(rate))
    expect(status(page, "learning-rate")).to_contain_text(verdict)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_figures_are_accessible_and_fit(open_page, violations, theme, width):
    page = open_page(theme, viewport={"width": width, "height": 800})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    clipped = page.evaluate(
        "[...document.querySelectorAll('.explore-svg text')].filter((t) => {"
        "  const a = t.getBoundingClientRect(), b = t.closest('.explore').getBoundingClientRect();"
        "  return a.left < b.left || a.right > b.right; }).map((t) => t.textContent)"
    )
    assert clipped == []


def test_the_figure_takes_the_place_of_its_text(open_page):
    assert open_page().get_by_text(FALLBACK).count() == 0


def test_colours_follow_the_theme(open_page):
    page = open_page()
    read = "getComputedStyle(document.querySelector('.explore-svg text')).fill"
    light = page.evaluate(read)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(read) != light


# --- without JavaScript, without the file -----------------------------------------------------


def test_without_javascript_the_text_stands(open_page):
    page = open_page(wait=False, java_script_enabled=False)
    assert page.locator(".explore > p").all_inner_texts() == [FALLBACK] * len(FIGURES)


def test_a_figure_that_cannot_load_leaves_its_text_and_its_neighbours(chromium, url):
    page = chromium.new_page()
    page.route("**/knn-regions.js", lambda route: route.abort())
    page.goto(url)
    await_figures(page, missing=1)
    assert page.locator('[data-explore="knn-regions"]').inner_text() == FALLBACK
    page.close()


def test_figures_of_the_book_are_known(html):
    """That they come to life is seen where every page is opened from its folder."""
    found = {
        name
        for path in html.rglob("*.html")
        for name in re.findall(r'data-explore="([^"]*)"', path.read_text(encoding="utf-8"))
    }
    assert found
    assert found <= set(FIGURES)


def test_everything_is_small_and_local():
    files = [*FOLDER.iterdir(), *(FOLDER.parent / "quiz").iterdir(), *STATIC]
    assert sum(path.stat().st_size for path in files) < 100_000
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") < 250, path.name
        hosts = set(re.findall(r"https?://([\w.]+)", text)) - {"www.w3.org"}  # SVG's namespace
        assert not hosts, f"{path.name} names {hosts}"
