"""A scripted agent: does the task whose name starts the task's title, by editing files in the working copy.

It stands for a coding agent: it is told what to do by OMOI_TASK_TITLE and the text in OMOI_TASK_FILE, works in the
current directory, prints what it does, and ends with status 0 when it believes that it is done.
"""

import os
import pathlib
import sys


def replace(path, old, new):
    """Replaces a piece of a file that must be there exactly once."""
    file = pathlib.Path(path)
    text = file.read_text()
    if text.count(old) != 1:
        sys.exit(f"{path}: the place to change was not found")
    file.write_text(text.replace(old, new))
    print(f"edited {path}")


def money():
    replace(
        "invoice/money.py",
        "    return int(float(text) * 100)\n",
        "    whole, _, fraction = text.replace(\",\", \"\").partition(\".\")\n"
        "    return int(whole) * 100 + int(fraction.ljust(2, \"0\")[:2])\n",
    )


def discount():
    replace(
        "invoice/discount.py",
        "    raise NotImplementedError(\"discount\")\n",
        "    percent = 10 if cents >= 100_000 else 5 if cents >= 50_000 else 0\n"
        "    return (cents * percent + 50) // 100\n",
    )


def tax():
    replace(
        "invoice/tax.py",
        "    raise NotImplementedError(\"tax\")\n",
        "    return (cents * RATE + 50) // 100\n",
    )


def invoice():
    path = pathlib.Path("tests/test_invoice.py")
    path.write_text(
        "import unittest\n\n"
        "from invoice.__main__ import invoice\n\n\n"
        "class InvoiceTest(unittest.TestCase):\n"
        "    def test_discount_comes_before_tax(self):\n"
        "        lines = invoice([\"10 x 99.95 chairs\", \"1 x 1,200.00 table\"])\n"
        "        self.assertEqual([line.split()[-1] for line in lines],\n"
        "                         [\"999.50\", \"1,200.00\", \"219.95\", \"376.11\", \"2,355.66\"])\n"
    )
    print(f"wrote {path}")


def main():
    title = os.environ["OMOI_TASK_TITLE"]
    work = {"money": money, "discount": discount, "tax": tax, "invoice": invoice}
    name = title.partition(":")[0]
    if name not in work:
        sys.exit(f"this agent does not know how to do '{title}'")
    print(f"task: {pathlib.Path(os.environ['OMOI_TASK_FILE']).read_text().strip()}")
    work[name]()


if __name__ == "__main__":
    main()
