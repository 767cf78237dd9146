"""Backends: what is made of a checked program, one package or file each."""
