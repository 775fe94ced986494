"""The limits of what travels between judge and worker, where both may look: see `course.limits`."""

#: Largest frame either side accepts, and its largest header, in bytes.
MAX_BYTES, MAX_HEADER = 256 * 2**20, 2 * 2**20
#: Most values in one message, and how deep they may nest.
MAX_VALUES, MAX_DEPTH = 50_000, 50
#: Objects of one submission that the judge knows by handle.
MAX_HANDLES = 10_000
#: Characters of the text of an exception, and of its traceback.
MAX_MESSAGE, MAX_TRACEBACK = 1_000, 4_000
#: Lines of one cell that are taken for IPython's: for each the cell is read anew.
MAX_MAGICS = 200
