"""The playground: the compiler in a page of a browser, with an editor. `python.mjs` says where it runs there.

`build` makes the page, a folder of files for any web server, and has one for this machine. In the page
`page/main.ts` is what a user sees, and `page/worker.ts` runs Python (Pyodide) and Graphviz (viz.js) beside it. What
they ask of the compiler is `engine.py`, whose answers are those of the language server.
"""
