"""Learning platforms, one file each: whose a download's files are, and the grade file they take.

What platforms share is in `platform`. A sheet of other columns is for the platform's own file, one
in another dialect (delimiter, encoding, decimal mark) for `sheets`, which all of them read by.

Who adds a platform writes a file with a `Platform` and names it in `PLATFORMS`. Whatever a method
is given is the outermost layer of a download. What lies deeper is a student's, and is never seen
here: that is why nothing that a student packs can name an owner or a time.
"""

from cs231n_lib.course.classroom.platforms.canvas import Canvas
from cs231n_lib.course.classroom.platforms.exchange import Exchange
from cs231n_lib.course.classroom.platforms.folder import Folder
from cs231n_lib.course.classroom.platforms.gradescope import Gradescope
from cs231n_lib.course.classroom.platforms.moodle import Moodle
from cs231n_lib.course.classroom.platforms.platform import Platform
from cs231n_lib.course.classroom.platforms.spreadsheet import Spreadsheet

#: In the order in which they are asked. First those that put names of their own in front of what a
#: student called a file: the front cannot be forged, the rest can. Plain folders take any name.
PLATFORMS: tuple[Platform, ...] = (
    Moodle(), Canvas(), Gradescope(), Exchange(), Spreadsheet(), Folder(),
)  # fmt: skip
