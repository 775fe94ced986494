"""Extensions of Sphinx, one a file: cells with their ids, listings, launch buttons, quizzes.

Only files of this folder may import Sphinx.
"""
