"""Fuzz targets: what reads bytes from elsewhere never crashes, hangs or contradicts itself.

Each module but `__main__` is a target: a function `check(data)` that raises for bytes that
show a fault. `make fuzz` feeds it inputs that atheris makes up; `corpus/NAME/` keeps those
worth trying again, and tests/structure/test_fuzz.py runs them. Inputs are only read, never
executed, and mean nothing to other software.
"""
