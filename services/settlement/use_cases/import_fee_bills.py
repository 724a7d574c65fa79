"""Take in property fee bills from a file: all of them, or none when one row has a fault."""

from datetime import datetime

from eventlet import tpool

from services.contracts.fees import BadFeeFile, FeeImportView, ImportFeeBills
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Forbidden
from services.settlement import fee_moves, fee_queries
from services.settlement.domain.fee_files import FeeFile, read_bills

FAULTS_MAX = 50


def import_fee_bills(
    db: Database, command: ImportFeeBills, actor: Actor, now: datetime
) -> FeeImportView:
    """What the file brought, or with `dry_run` what it would; BadFeeFile names each faulty row.

    A bill is known by its number in the community, so the same file again changes nothing.
    """
    if command.community_id not in actor.communities:
        raise Forbidden("this community is not yours to look after")
    # A file of thousands of rows takes longer than anything may hold up the other calls.
    file: FeeFile = tpool.execute(read_bills, command.community_id, command.csv)
    if command.dry_run:
        return _tried(db, file, now)
    if file.faults:
        raise BadFeeFile(fields=_shown(file))
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, FeeImportView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            claim.answer = _view(file, fee_moves.keep_bills(tx, file.bills, now))
        return claim.answer


def _tried(db: Database, file: FeeFile, now: datetime) -> FeeImportView:
    with db.reading() as tx:
        rows = fee_queries.bill_rows(tx, [bill.bill_id for bill in file.bills])
    return _view(file, fee_moves.compared(file.bills, rows, now))


def _view(file: FeeFile, kept: fee_moves.Kept) -> FeeImportView:
    return FeeImportView(
        rows=file.row_count,
        created=kept.created,
        changed=kept.changed,
        unchanged=kept.unchanged,
        faults=_shown(file),
    )


def _shown(file: FeeFile) -> dict[str, str]:
    return {str(row): file.faults[row] for row in sorted(file.faults)[:FAULTS_MAX]}
