"""The language server: what the compiler knows of a text, while it is typed.

In: texts as an editor has them.  Out: diagnostics, sizes, explanations and changes, as the Language Server Protocol has
them.  Only `server` knows the protocol; the others speak of sources and spans.
"""
