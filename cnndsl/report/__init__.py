"""Diagnostics -> text that shows them: one renderer a file."""
