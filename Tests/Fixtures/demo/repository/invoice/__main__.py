"""The command: an order on standard input, the invoice on standard output."""

import sys

from invoice.discount import discount
from invoice.money import parse, show
from invoice.tax import tax


def invoice(lines):
    """The lines of the invoice for the lines of an order."""
    total = 0
    printed = []
    for line in lines:
        quantity, _, price, *words = line.split()
        amount = int(quantity) * parse(price)
        total += amount
        printed.append(f"{' '.join(words):<30}{show(amount):>12}")
    reduction = discount(total)
    net = total - reduction
    printed.append(f"{'discount':<30}{show(reduction):>12}")
    printed.append(f"{'tax':<30}{show(tax(net)):>12}")
    printed.append(f"{'total':<30}{show(net + tax(net)):>12}")
    return printed


if __name__ == "__main__":
    print("\n".join(invoice(line for line in sys.stdin if line.strip())))
