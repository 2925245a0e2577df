"""The files door: history and people come in as CSV, recognitions and the audit trail go out. It owns no rules."""

from app.files.exports import audit_lines, audit_size, recognition_lines
from app.files.members import import_members
from app.files.recognitions import import_recognitions
from app.files.sheet import Report

__all__ = ["Report", "audit_lines", "audit_size", "import_members", "import_recognitions", "recognition_lines"]
