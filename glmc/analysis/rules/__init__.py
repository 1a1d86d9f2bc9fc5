"""What is proved about time, total, cache, path and congestion. One function is one rule.

A rule's docstring states what it proves, under which conditions, and why. A rule that does not apply says
nothing (None, or no bound): enumeration then speaks. docs/analysis.md tells the theorems in plain words.
"""
