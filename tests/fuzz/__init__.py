"""Texts of every make, thrown at the compiler: `python -m tests.fuzz --minutes 10` tries them for a given time."""
