"""Take out of a WebAssembly program the code of libraries that are not used.

The interpreter comes as one binary with pandas, SciPy and others linked in, three quarters of its
code.  They lie there one after the other, so a library is a stretch between two symbols of the
binary's own name section.  A function of such a stretch is emptied unless code that stays calls
it: its body becomes the instruction `unreachable`.  No index, table or byte of data changes, so
the program that remains is the upstream's own; a call of an emptied function, which only a missing
package would make, ends the interpreter and gives no wrong number.

The same input gives the same output, byte for byte.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: Ids of the sections that are read.
CUSTOM, IMPORT, EXPORT, START, ELEMENT, CODE = 0, 2, 7, 8, 9, 10
#: A function without locals whose only instruction is `unreachable`.
EMPTY = bytes([3, 0, 0x00, 0x0B])


class WasmError(ValueError):
    """The binary holds something that this reader does not know."""


class Reader:
    """Reads the numbers and names of the binary format from a position on."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def byte(self) -> int:
        """Return the next byte."""
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """Return the next unsigned LEB128 number."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def name(self) -> str:
        """Return the next name."""
        size = self.number()
        self.at += size
        return self.data[self.at - size : self.at].decode("utf-8", "replace")


def number(value: int) -> bytes:
    """Return a number in LEB128."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | 128 if value else low)
        if not value:
            return bytes(out)


@dataclass
class Program:
    """What must be known of a program: where its functions are, and which are entered."""

    sections: list[tuple[int, int, int]] = field(default_factory=list)  # id, start, size
    bodies: list[tuple[int, int]] = field(default_factory=list)  # start, size
    imported: int = 0  # functions; they come first in every index
    names: dict[int, str] = field(default_factory=dict)
    exported: set[int] = field(default_factory=set)
    in_table: set[int] = field(default_factory=set)


def read_program(data: bytes) -> Program:
    """Read the parts of a WebAssembly binary.

    Raises
    ------
    WasmError
        If it is none, or uses a form that is not known here.
    """
    if data[:8] != b"\0asm\1\0\0\0":
        raise WasmError("not a WebAssembly binary of version 1")
    program, reader = Program(), Reader(data, 8)
    while reader.at < len(data):
        section, size = reader.byte(), reader.number()
        program.sections.append((section, reader.at, size))
        _read_section(program, section, Reader(data, reader.at), reader.at + size)
        reader.at += size
    return program


def _read_section(program: Program, section: int, r: Reader, end: int) -> None:
    if section == IMPORT:
        for _ in range(r.number()):
            r.name(), r.name()
            if r.byte() != 0:
                raise WasmError("an import that is not a function")
            r.number()
            program.imported += 1
    elif section == EXPORT:
        for _ in range(r.number()):
            r.name()
            kind, index = r.byte(), r.number()
            if kind == 0:
                program.exported.add(index)
    elif section == START:
        program.exported.add(r.number())
    elif section == ELEMENT:
        for _ in range(r.number()):
            if r.number() != 0 or r.byte() != 0x41:
                raise WasmError("a table that is not filled from a constant on")
            r.number(), r.byte()
            program.in_table.update(r.number() for _ in range(r.number()))
    elif section == CODE:
        for _ in range(r.number()):
            size = r.number()
            program.bodies.append((r.at, size))
            r.at += size
    elif section == CUSTOM and r.name() == "name":
        while r.at < end:
            kind, size = r.byte(), r.number()
            after = r.at + size
            if kind == 1:
                for _ in range(r.number()):
                    index = r.number()
                    program.names[index] = r.name()
            r.at = after


#: How many LEB128 numbers follow an instruction; those not named here have none.
NUMBERS = (
    dict.fromkeys((0x08, 0x0C, 0x0D, *range(0x20, 0x27), 0x3F, 0x40, 0x41, 0x42, 0xD0), 1)
    | dict.fromkeys((0x11, 0x13), 2)
    | dict.fromkeys(range(0x28, 0x3F), 2)  # loads and stores: alignment, offset
)
#: The same for instructions behind the prefix 0xFC (saturation, bulk memory, tables).
BULK = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}
#: And behind 0xFD (vectors): loads and stores; lanes are single bytes.
VECTOR_MEMORY = {*range(12), *range(84, 94)}
FORMS = {0x02, 0x03, 0x04, 0x1F}  # block, loop, if, try_table
#: Instructions with nothing behind them: control without a label, then arithmetic.
BARE = {0x00, 0x01, 0x05, 0x0A, 0x0B, 0x0F, 0x1A, 0x1B, 0xD1, *range(0x45, 0xC5)}


def calls(data: bytes, body: tuple[int, int]) -> Iterator[int]:
    """Yield the functions that a body calls by their index, or takes the address of."""
    r, end = Reader(data, body[0]), sum(body)
    for _ in range(r.number()):
        r.number(), r.byte()
    while r.at < end:
        op = r.byte()
        if op in (0x10, 0x12, 0xD2):
            yield r.number()
        elif op in NUMBERS:
            for _ in range(NUMBERS[op]):
                r.number()
        elif op in FORMS:
            r.number()  # the type, a byte or an index
            if op == 0x1F:
                for _ in range(r.number()):
                    if r.byte() < 2:
                        r.number()
                    r.number()
        elif op == 0x0E:
            for _ in range(r.number() + 1):
                r.number()
        elif op == 0x1C:
            for _ in range(r.number()):
                r.byte()
        elif op == 0x43:
            r.at += 4
        elif op == 0x44:
            r.at += 8
        elif op == 0xFC:
            for _ in range(BULK.get(r.number(), 0)):
                r.number()
        elif op == 0xFD:
            _skip_vector(r)
        elif op not in BARE:
            raise WasmError(f"the instruction {op:#x} is not known here")
    if r.at != end:
        raise WasmError("a function was misread")


def _skip_vector(r: Reader) -> None:
    op = r.number()
    if op in VECTOR_MEMORY:
        r.number(), r.number()
    if op in (12, 13):
        r.at += 16
    elif 21 <= op <= 34 or 84 <= op <= 91:
        r.at += 1


def slim(data: bytes, unused: Sequence[tuple[str, str]]) -> bytes:
    """Empty the functions of libraries that are not used, and drop the name section.

    Parameters
    ----------
    data : bytes
        The program, with its name section.
    unused : sequence of (str, str)
        Stretches of functions: the first symbol of each, and the first one after it.

    Returns
    -------
    bytes
        The smaller program.

    Raises
    ------
    WasmError
        If a symbol does not stand there exactly once, or the binary cannot be read.
    """
    program = read_program(data)
    places: dict[str, list[int]] = {}
    for index, name in program.names.items():
        places.setdefault(name, []).append(index)
    wanted = {symbol: places.get(symbol, []) for pair in unused for symbol in pair}
    for symbol, found in wanted.items():
        if len(found) != 1:
            raise WasmError(f"the symbol {symbol!r} stands in the binary {len(found)} times")
    dropped = {n for first, after in unused for n in range(wanted[first][0], wanted[after][0])}
    # What several libraries share lies where the linker met it first.
    shared = ("std::", "virtual thunk", "non-virtual", "__cxa", "operator ", "pybind11::")
    dropped -= {n for n in dropped if program.names.get(n, "").startswith(shared)}
    kept: set[int] = set()
    waiting = [*program.exported, *(program.in_table - dropped)]
    while waiting:
        index = waiting.pop()
        if index not in kept:
            kept.add(index)
            if index >= program.imported:
                waiting.extend(calls(data, program.bodies[index - program.imported]))
    return _write(data, program, kept)


def _write(data: bytes, program: Program, kept: set[int]) -> bytes:
    parts = [data[:8]]
    for section, start, size in program.sections:
        content = data[start : start + size]
        if section == CUSTOM and Reader(content).name() == "name":
            continue
        if section == CODE:
            bodies = [number(len(program.bodies))]
            for n, (at, length) in enumerate(program.bodies, program.imported):
                bodies.append(number(length) + data[at : at + length] if n in kept else EMPTY)
            content = b"".join(bodies)
        parts += [bytes([section]), number(len(content)), content]
    return b"".join(parts)
