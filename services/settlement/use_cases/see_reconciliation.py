"""Show reconciled days and their differences."""

from services.contracts.reconciliation import (
    DifferencesQuery,
    DifferencesView,
    ReconciliationDay,
    ReconciliationDaysQuery,
)
from services.kernel.db import Database
from services.kernel.wire import Page
from services.settlement import reconciliation_queries


def see_days(db: Database, query: ReconciliationDaysQuery) -> Page[ReconciliationDay]:
    """Days of all channels, newest first."""
    with db.reading() as tx:
        return reconciliation_queries.days_page(tx, query)


def see_differences(db: Database, query: DifferencesQuery) -> DifferencesView:
    """One day and a page of what does not match."""
    with db.reading() as tx:
        return reconciliation_queries.differences_page(tx, query)
