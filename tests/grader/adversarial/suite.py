"""All attacks in their order: on tests and notebooks, on what stands around, on a3 to a5."""

from tests.grader.adversarial.attacks import FIRST
from tests.grader.adversarial.real import REAL
from tests.grader.adversarial.walls import MORE

ATTACKS = [*FIRST, *MORE, *REAL]
