"""Ctrl-C at every bytecode: run something again and again, each time interrupted a little later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any


def interrupted(
    make: Callable[[], Any], act: Callable[[Any], Any], *modules: ModuleType
) -> Iterator[Any]:
    """Yield what `make` returns after ``act`` on it was interrupted, once for each bytecode.

    Bytecodes of the given modules count. Ends when an action comes to its end.
    """
    files = {module.__file__ for module in modules}
    number = 0
    while True:
        subject, left = make(), number

        def count(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if frame.f_code.co_filename not in files:
                return None
            frame.f_trace_opcodes = True
            if event == "opcode":
                if left == 0:
                    raise KeyboardInterrupt
                left -= 1
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            act(subject)
        except KeyboardInterrupt:
            yield subject
        else:
            return
        finally:
            sys.settrace(before)
        number += 1
