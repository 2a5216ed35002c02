"""The ledger: expenses in the order in which they were entered, kept as JSON lines."""

import datetime
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Expense:
    """One expense. `day` is an ISO date, `cents` what was spent."""

    day: str
    user: str
    category: str
    cents: int
    note: str = ""

    def __post_init__(self):
        datetime.date.fromisoformat(self.day)
        if self.cents <= 0:
            raise ValueError("an expense must be more than nothing")


class Ledger:
    """Expenses that are added and never changed."""

    def __init__(self, expenses=()):
        self._expenses = list(expenses)

    def __iter__(self):
        return iter(self._expenses)

    def __len__(self):
        return len(self._expenses)

    def add(self, expense):
        """Enter `expense` and give it back."""
        self._expenses.append(expense)
        return expense

    def of(self, user):
        """The expenses of `user`."""
        return [expense for expense in self if expense.user == user]

    def save(self, path):
        """Write all expenses to `path`, one a line."""
        with open(path, "w", encoding="utf-8") as file:
            for expense in self:
                file.write(json.dumps(asdict(expense)) + "\n")

    @classmethod
    def load(cls, path):
        """The ledger that was saved at `path`."""
        with open(path, encoding="utf-8") as file:
            return cls(Expense(**json.loads(line)) for line in file)
