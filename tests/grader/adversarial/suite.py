"""All attacks in their order.

`attacks` has the first, on tests and notebooks; `walls` those on the sandbox and what stands around
it; `machine` on clocks, limits and the line; `forms` on shapes of answers; `python` on what a
process keeps for all its code; `real` on a3 to a5; `counted` on tests that count steps; `told` on
what feedback repeats.  A new one goes into the list of its kind; `--record` then writes the record
anew.
"""

from tests.grader.adversarial.attacks import FIRST
from tests.grader.adversarial.counted import COUNTED
from tests.grader.adversarial.forms import FORMS
from tests.grader.adversarial.machine import MACHINE
from tests.grader.adversarial.python import PYTHON
from tests.grader.adversarial.real import REAL
from tests.grader.adversarial.told import TOLD
from tests.grader.adversarial.walls import MORE

ATTACKS = [*FIRST, *MORE, *MACHINE, *FORMS, *PYTHON, *REAL, *COUNTED, *TOLD]
