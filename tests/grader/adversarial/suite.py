"""All attacks in their order: those on tests and notebooks, then those on what stands around."""

from tests.grader.adversarial.attacks import FIRST
from tests.grader.adversarial.walls import MORE

ATTACKS = [*FIRST, *MORE]
