"""Where an instructor writes exercises: a skeleton to begin from, and what tries it out.

``samples`` are answers as students would write them, ``mutants`` are made of the model answer,
``trial`` has the tests judge both, ``verify`` says what an assignment still lacks. All but the
judge's part runs in the author's own process, with no walls: never a student's code.
"""
