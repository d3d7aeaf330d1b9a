"""A small invoice program: money, discount, tax, total."""
