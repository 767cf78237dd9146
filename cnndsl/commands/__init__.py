"""The commands, a file each, which is read only when the command is called; and the options that they share.

A file has the name of its command and holds it as `command`; `cnndsl.cli` has the list of the names.
"""
