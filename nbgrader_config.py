"""nbgrader for this course: from solutions/ to exercises/, everything else in .nbgrader/."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent
STATE = ROOT / ".nbgrader"
STATE.mkdir(exist_ok=True)

c = get_config()  # noqa: F821  (given by nbgrader)

c.CourseDirectory.course_id = "cs231n_lib"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = ".nbgrader/submitted"
c.CourseDirectory.autograded_directory = ".nbgrader/autograded"
c.CourseDirectory.feedback_directory = ".nbgrader/feedback"
c.CourseDirectory.solution_directory = ".nbgrader/solution"
c.CourseDirectory.db_url = f"sqlite:///{STATE / 'gradebook.db'}"

c.ClearSolutions.code_stub = {"python": '# YOUR CODE HERE\nraise NotImplementedError("to do")'}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE"

# Where students read the book, so that feedback links its sections; without, it names them.
# c.Cs231n.book = "https://..."

# A busy machine may take longer than the 4 seconds that stock autograde waits for an output.
c.Execute.iopub_timeout = 60
c.Execute.startup_timeout = 120
