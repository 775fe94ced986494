"""What stands in for ``IPython.display``: objects that say how they want to be shown."""

import cellrunner


class _Shown:
    """Text of one kind."""

    method = ""

    def __init__(self, data: object = None, **_options: object) -> None:
        self.data = data

    def __init_subclass__(cls) -> None:
        setattr(cls, cls.method, lambda self: self.data)

    def __repr__(self) -> str:
        """Return a text for where nothing else can be shown."""
        return f"<{type(self).__name__} object>"


class HTML(_Shown):
    """Show HTML."""

    method = "_repr_html_"


class Markdown(_Shown):
    """Show Markdown."""

    method = "_repr_markdown_"


class Latex(_Shown):
    """Show text with formulas."""

    method = "_repr_latex_"


class SVG(_Shown):
    """Show a drawing."""

    method = "_repr_svg_"


class Math(Latex):
    """Show one formula."""

    method = "_repr_latex_"

    def __init__(self, data: str, **_options: object) -> None:
        super().__init__(f"$\\displaystyle {data}$")


class JSON(_Shown):
    """Show data as JSON."""

    method = "_repr_json_"


def display(*values: object, **options: object) -> None:
    """Show objects below the cell."""
    cellrunner.display(*values, **options)


def clear_output(wait: bool = False) -> None:
    """Forget what the cell has shown."""
    cellrunner.send(output_type="clear_output", wait=bool(wait))
