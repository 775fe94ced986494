"""Extensions of Sphinx, one a file: cells with their ids, listings, launch buttons, quizzes.

``_config.yml`` names them, and nobody else enters.  Only files of this folder may import Sphinx.
"""
