"""What JupyterHub is told of a course: who teaches it, and where nbgrader's exchange is."""

import getpass
from string import Template

from cs231n_lib.course.classroom.folder.course import Course

HUB = Template('''\
"""The hub of the course $name. As root: jupyterhub -f jupyterhub_config.py

Whoever has an account on this machine may sign in, and nbgrader's exchange knows everyone by it.
"""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
COURSE = Path($root)  # the instructors' folder
INSTRUCTORS = {$instructor}

c = get_config()
# Here a web server that brings HTTPS finds it; http://127.0.0.1:8000/course/ works as well.
c.JupyterHub.bind_url = "http://127.0.0.1:8000/"
c.Authenticator.allow_all = True
c.Spawner.default_url = "/lab"


def settle(spawner):
    """Say, before someone's server starts, where its settings are and what it shows."""
    teaches = spawner.user.name in INSTRUCTORS
    settings = [HERE / "everyone"] if teaches else [HERE / "students", HERE / "everyone"]
    spawner.environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(map(str, settings))
    if teaches:
        spawner.notebook_dir = str(COURSE)


c.Spawner.pre_spawn_hook = settle
''')
EVERYONE = Template('''\
"""nbgrader in the servers of this hub: all hand out and hand in by one exchange."""

c = get_config()
c.CourseDirectory.course_id = $course
c.Exchange.root = "/srv/nbgrader/exchange"  # install -d -m 1777 /srv/nbgrader/exchange
c.Exchange.timezone = $zone
''')
#: A login shell, which terminals are by default, would forget where the command cs231n is.
SHELL = """\
{
  "ServerApp": {"terminado_settings": {"shell_command": ["/bin/bash"]}}
}
"""
#: nbgrader gives everyone the formgrader; students keep the list of assignments and validating.
SERVER = """\
{
  "ServerApp": {
    "jpserver_extensions": {
      "nbgrader.server_extensions.formgrader": false,
      "nbgrader.server_extensions.course_list": false
    }
  }
}
"""
LAB = """\
{
  "disabledExtensions": {
    "@jupyter/nbgrader:formgrader": true,
    "@jupyter/nbgrader:course-list": true,
    "@jupyter/nbgrader:create-assignment": true
  }
}
"""


def files(course: Course) -> dict[str, str]:
    """Return the files of the hub's folder: path -> what it says."""
    name = str(course.config.CourseDirectory.get("course_id", ""))
    told = {
        "name": name, "course": repr(name), "root": repr(str(course.root)),
        "zone": repr(str(course.zone)), "instructor": repr(getpass.getuser()),
    }  # fmt: skip
    return {
        "jupyterhub_config.py": HUB.substitute(told),
        "everyone/nbgrader_config.py": EVERYONE.substitute(told),
        "everyone/jupyter_server_config.json": SHELL,
        "students/jupyter_server_config.json": SERVER,
        "students/labconfig/page_config.json": LAB,
    }
