"""Change a correct answer mechanically, one small thing at a time."""

import ast
import copy
from collections.abc import Iterator

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.Lt: ast.LtE,
    ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
NAMES = {
    "sum": "mean", "mean": "sum", "max": "min", "min": "max", "maximum": "minimum",
    "minimum": "maximum", "argmax": "argmin", "argmin": "argmax", "sqrt": "abs", "abs": "square",
    "exp": "expm1", "log": "log1p", "zeros": "ones", "zeros_like": "ones_like", "square": "abs",
}  # fmt: skip


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield changed copies of ``node``, itself only: its children stay as they are."""
    new = copy.deepcopy(node)
    match node:
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            new.op = OPERATORS[type(node.op)]()  # type: ignore[attr-defined]
            yield new
        case ast.Compare() if type(node.ops[0]) in OPERATORS:
            new.ops[0] = OPERATORS[type(node.ops[0])]()  # type: ignore[attr-defined]
            yield new
        case ast.Attribute() if node.attr in NAMES:
            new.attr = NAMES[node.attr]  # type: ignore[attr-defined]
            yield new
        case ast.Constant(value=int() | float() as old) if type(old) is not bool:
            for value in {old + 1, 0} - {old}:
                yield ast.Constant(value)
        case ast.UnaryOp() if isinstance(node.op, ast.USub):
            yield new.operand  # type: ignore[attr-defined]
        case ast.keyword() if node.arg in ("axis", "keepdims"):
            pass  # its constant is changed
        case ast.Expr() | ast.Assign() | ast.AugAssign():
            pass


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield ``pass`` for an assignment that changes something made before, ``+=`` included."""
    match node:
        case ast.AugAssign() | ast.Assign(targets=[ast.Subscript()]):
            yield ast.Pass()
        case ast.Call(func=ast.Attribute(), args=[first, *_]):
            yield first  # leave the call out, keep its argument


class _Replace(ast.NodeTransformer):
    def __init__(self, index: int, new: ast.AST) -> None:
        self.index, self.new, self.seen = index, new, -1

    def generic_visit(self, node: ast.AST) -> ast.AST:
        self.seen += 1
        return self.new if self.seen == self.index else super().generic_visit(node)


def _order(tree: ast.AST) -> list[ast.AST]:
    """Return all nodes in the order in which :class:`_Replace` meets them."""
    nodes = [tree]
    for child in ast.iter_child_nodes(tree):
        nodes += _order(child)
    return nodes


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def mutants(code: str) -> Iterator[tuple[str, str]]:
    """Yield ``(name, changed code)``; the name shows the line before and after.

    Examples
    --------
    >>> [name for name, _ in mutants("y = x + 1")]
    ['y = x + 1 -> y = x - 1', 'y = x + 1 -> y = x + 0', 'y = x + 1 -> y = x + 2']
    """
    tree = ast.parse(code)
    before = ast.unparse(tree)
    seen = {before}
    for index, node in enumerate(_order(tree)):
        for new in [*_changes(node), *_statements(node)]:
            changed = _Replace(index, new).visit(copy.deepcopy(tree))
            after = ast.unparse(ast.fix_missing_locations(changed))
            if after in seen or not _compiles(after):
                continue
            seen.add(after)
            pairs = zip(before.splitlines(), after.splitlines(), strict=False)
            old, line = next((a, b) for a, b in pairs if a != b)
            yield f"{old.strip()} -> {line.strip()}", after
