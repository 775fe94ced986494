"""Python for the reader's own browser: fetched, made smaller, and laid beside the pages.

A page on a static host can run its cells if the site carries an interpreter compiled to
WebAssembly.  `fetch` gets one from the package index into the user's cache, checked by its hash;
`bundle` makes of it, of the library and of the exercises the files that a page loads, and
`slim` takes the code of unused libraries out of the program.  ``guest`` is what runs inside.

The interpreter is a young package with one author.  So it stands behind the interface in
``book/_web/live/engines/engine.js``, is pinned by its hash in ``contents.toml``, and nothing else
depends on it: without it the site offers its notebooks for Colab, Binder and download, and
another engine (Pyodide, once the index has its NumPy) is one more file beside ``inpage.js``.

Never here: a file of the interpreter in the repository, or a fetch while a page is read.
"""
