"""What the packages hand each other, defined once: kinds of task, method names, stimulus sets, exports, observers.

Imports pydantic at most, and none of the other packages.
"""
