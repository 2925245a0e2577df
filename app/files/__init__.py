"""The files door: people, history, voucher codes and outcomes come in as CSV; reports and the audit trail go out. No rules."""

from app.files.exports import audit_lines, audit_size, recognition_lines
from app.files.members import import_members
from app.files.outcomes import import_outcomes
from app.files.recognitions import import_recognitions
from app.files.reports import report
from app.files.sheet import Report
from app.files.vouchers import import_vouchers
from app.files.web import routes

__all__ = [
    "Report",
    "audit_lines",
    "audit_size",
    "import_members",
    "import_outcomes",
    "import_recognitions",
    "import_vouchers",
    "recognition_lines",
    "report",
    "routes",
]
