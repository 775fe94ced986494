"""All attacks in their order: on tests and notebooks, on what stands around, the judge, a3."""

from tests.grader.adversarial.attacks import FIRST
from tests.grader.adversarial.forms import FORMS
from tests.grader.adversarial.machine import MACHINE
from tests.grader.adversarial.real import REAL
from tests.grader.adversarial.walls import MORE

ATTACKS = [*FIRST, *MORE, *MACHINE, *FORMS, *REAL]
