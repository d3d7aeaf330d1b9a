"""Amounts of money as whole cents."""


def parse(text):
    """'1,234.50' -> 123450."""
    return int(float(text) * 100)


def show(cents):
    """123450 -> '1,234.50'."""
    return f"{cents // 100:,}.{cents % 100:02d}"
