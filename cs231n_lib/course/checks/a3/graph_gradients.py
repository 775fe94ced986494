"""`graph_gradients`: a small graph, forwards and backwards by hand."""

from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake


def graph(
    x: float,
    y: float,
    z: float,
    *,
    accumulate: str = "both",
    route: str = "larger",
    swap: bool = True,
    factor: float = 2.0,
    outer: float = 2.0,
    gate: str = "max",
    inner: float = 1.0,
    times: str = "all",
) -> tuple[float, float, float, float]:
    """Return f = 2 (x y + max(y, z)) and its derivatives by x, y and z."""
    top = min(y, z) if gate == "min" else max(y, z)
    f = 2 * x * y + top if times == "product" else outer * (x * y + top)
    dx, dy = (y, x) if swap else (x, y)
    larger = {"larger": float(y > z), "smaller": float(y < z), "both": 1.0, "half": 0.5}[route]
    to_z = {"larger": float(z >= y), "smaller": float(z < y), "both": 1.0, "half": 0.5}[route]
    larger, to_z = inner * larger, inner * to_z
    if gate == "times y":
        larger = larger * y
    elif gate == "times the value":
        larger, to_z = larger * y, to_z * z
    elif gate == "minus":
        to_z = -to_z
    to_y = {"both": dy + larger, "product": dy, "max": larger,
            "written": larger if larger else dy}[accumulate]  # fmt: skip
    return f, factor * dx, factor * to_y, factor * to_z


exercise = Exercise(
    graph,
    ("f", "df_dx", "df_dy", "df_dz"),
    (
        Mistake("branches_not_added", "y feeds two gates, but only the product's gradient reaches "
                "it; gradients of all branches are added.", {"accumulate": "product"}),
        Mistake("branches_not_added", "y feeds two gates, but only the max gate's gradient reaches "
                "it; gradients of all branches are added.", {"accumulate": "max"}),
        Mistake("branches_not_added", "the gradient of the max gate replaces that of the product; "
                "gradients of all branches are added: `+=`.", {"accumulate": "written"}),
        Mistake("factor_missing", "the factor 2 is missing on the way back through the max gate.",
                {"inner": 0.5}),
        Mistake("factor_missing_forward", "the factor 2 belongs to the maximum as well, in f.",
                {"times": "product"}),
        Mistake("times_value", "the max gate hands its gradient on as it is, not times the larger "
                "value.", {"gate": "times y"}),
        Mistake("times_value", "the max gate hands its gradient on as it is, not times the larger "
                "value.", {"gate": "times the value"}),
        Mistake("sign_of_dz", "the sign of df_dz is wrong where z is the larger.",
                {"gate": "minus"}),
        Mistake("product_not_swapped", "a product gate swaps: the gradient by x is y times the one "
                "from above, that by y is x times it.", {"swap": False}),
        Mistake("max_routes_to_both", "the max gate gives its gradient to the larger input only, "
                "not to both.", {"route": "both"}),
        Mistake("max_routes_to_both", "the max gate gives its gradient to the larger input only; "
                "it does not share it.", {"route": "half"}),
        Mistake("max_routes_to_smaller", "the max gate gives its gradient to the smaller input; "
                "it belongs to the larger.", {"route": "smaller"}),
        Mistake("factor_missing", "the factor 2 is missing on the way back.", {"factor": 1.0}),
        Mistake("factor_twice", "the factor 2 is applied twice on the way back.",
                {"factor": 4.0}),
        Mistake("factor_missing_forward", "the factor 2 is missing in f.", {"outer": 1.0}),
        Mistake("min_for_max", "the smaller of y and z is used in f.", {"gate": "min"}),
    ),
    probes=lambda: {"y is larger": (1.5, 0.4, -3.0), "z is larger": (-0.7, 1.2, 2.5)},
)  # fmt: skip
