"""Slack's round: its last trouble is logged, and no longer remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("slack_round") as batch:
        batch.drop_column("trouble")


def downgrade() -> None:
    with op.batch_alter_table("slack_round") as batch:
        batch.add_column(sa.Column("trouble", sa.Text(), nullable=False, server_default=""))
