"""Extensions of Sphinx, one a file: listings of the library, launch buttons, quizzes.

Only files of this folder may import Sphinx.
"""
