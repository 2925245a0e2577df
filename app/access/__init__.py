"""The gatehouse's front desk: tokens, and who stands behind one."""

from app.access import reads
from app.access.models import Token
from app.access.sign_in import SignIn
from app.access.tokens import CreateToken, Issued, RevokeToken

__all__ = [
    "CreateToken",
    "Issued",
    "RevokeToken",
    "SignIn",
    "Token",
    "reads",
]
