"""Rewards: the catalog, redemptions, orders, vouchers, and statements that nobody changes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reward",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("price_points", sa.BigInteger(), nullable=False),
        sa.Column("requires_approval", sa.Boolean(), nullable=False),
        sa.Column("for_everyone", sa.Boolean(), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("per_member_limit", sa.BigInteger(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('CUSTOM', 'GIFT_CARD', 'DONATION', 'EXPERIENCE', 'MERCHANDISE', 'TIME_OFF')", name=op.f("ck_reward_kind")
        ),
        sa.CheckConstraint("price_points >= 0", name=op.f("ck_reward_price")),
        sa.CheckConstraint("provider IN ('MANUAL', 'VOUCHER')", name=op.f("ck_reward_provider")),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_reward_stock")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.organization_id"], name=op.f("fk_reward_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_reward")),
    )
    with op.batch_alter_table("reward", schema=None) as batch_op:
        batch_op.create_index("ix_reward_by_price", ["organization_id", "price_points", "id"], unique=False)

    op.create_table(
        "redemption",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("reward_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("member_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("reward_name", sa.Text(), nullable=False),
        sa.Column("price_points", sa.BigInteger(), nullable=False),
        sa.Column("minor_units_per_point", sa.BigInteger(), nullable=False),
        sa.Column("currency_code", sa.Text(), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_stock", sa.Boolean(), nullable=False),
        sa.Column("note_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=True),
        sa.Column("answer_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(fulfilled_at IS NOT NULL) = (status IN ('FULFILLED', 'REFUNDED'))", name=op.f("ck_redemption_fulfilled_at")
        ),
        sa.CheckConstraint(
            "status IN ('PENDING_APPROVAL', 'TO_FULFIL', 'FULFILLED', 'REJECTED', 'CANCELLED', 'REFUNDED')",
            name=op.f("ck_redemption_status"),
        ),
        sa.CheckConstraint("price_points >= 0 AND minor_units_per_point >= 0", name=op.f("ck_redemption_price")),
        sa.CheckConstraint("provider IN ('MANUAL', 'VOUCHER')", name=op.f("ck_redemption_provider")),
        sa.ForeignKeyConstraint(
            ["organization_id", "answer_id"],
            ["remark.organization_id", "remark.id"],
            name=op.f("fk_redemption_organization_id_answer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "decided_by_id"],
            ["member.organization_id", "member.id"],
            name=op.f("fk_redemption_organization_id_decided_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "member_id"],
            ["member.organization_id", "member.id"],
            name=op.f("fk_redemption_organization_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "note_id"],
            ["remark.organization_id", "remark.id"],
            name=op.f("fk_redemption_organization_id_note_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "reward_id"],
            ["reward.organization_id", "reward.id"],
            name=op.f("fk_redemption_organization_id_reward_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_redemption")),
    )
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.create_index("ix_redemption_by_member", ["organization_id", "member_id", "id"], unique=False)
        batch_op.create_index("ix_redemption_by_reward", ["organization_id", "reward_id", "member_id"], unique=False)
        batch_op.create_index("ix_redemption_by_status", ["organization_id", "status", "id"], unique=False)

    op.create_table(
        "reward_group",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("reward_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("group_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "group_id"],
            ["member_group.organization_id", "member_group.id"],
            name=op.f("fk_reward_group_organization_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "reward_id"],
            ["reward.organization_id", "reward.id"],
            name=op.f("fk_reward_group_organization_id_reward_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "reward_id", "group_id", name=op.f("pk_reward_group")),
    )
    with op.batch_alter_table("reward_group", schema=None) as batch_op:
        batch_op.create_index("ix_reward_group_by_group", ["organization_id", "group_id"], unique=False)

    op.create_table(
        "reward_member",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("reward_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("member_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "member_id"],
            ["member.organization_id", "member.id"],
            name=op.f("fk_reward_member_organization_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "reward_id"],
            ["reward.organization_id", "reward.id"],
            name=op.f("fk_reward_member_organization_id_reward_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "reward_id", "member_id", name=op.f("pk_reward_member")),
    )
    with op.batch_alter_table("reward_member", schema=None) as batch_op:
        batch_op.create_index("ix_reward_member_by_member", ["organization_id", "member_id"], unique=False)

    op.create_table(
        "voucher_pool",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("reward_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("handed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("0 <= handed AND handed <= added", name=op.f("ck_voucher_pool_handed")),
        sa.ForeignKeyConstraint(
            ["organization_id", "reward_id"],
            ["reward.organization_id", "reward.id"],
            name=op.f("fk_voucher_pool_organization_id_reward_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "reward_id", name=op.f("pk_voucher_pool")),
    )
    op.create_table(
        "fulfilment_order",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("redemption_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "redemption_id"],
            ["redemption.organization_id", "redemption.id"],
            name=op.f("fk_fulfilment_order_organization_id_redemption_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "redemption_id", name=op.f("pk_fulfilment_order")),
    )
    with op.batch_alter_table("fulfilment_order", schema=None) as batch_op:
        batch_op.create_index("ix_fulfilment_order_due", ["organization_id", "next_at"], unique=False)

    op.create_table(
        "statement_line",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("redemption_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("minor_units", sa.BigInteger(), nullable=False),
        sa.Column("currency_code", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('FULFILMENT', 'REFUND')", name=op.f("ck_statement_line_kind")),
        sa.ForeignKeyConstraint(
            ["organization_id", "redemption_id"],
            ["redemption.organization_id", "redemption.id"],
            name=op.f("fk_statement_line_organization_id_redemption_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_statement_line")),
        sa.UniqueConstraint(
            "organization_id", "redemption_id", "kind", name=op.f("uq_statement_line_organization_id_redemption_id_kind")
        ),
    )
    with op.batch_alter_table("statement_line", schema=None) as batch_op:
        batch_op.create_index("ix_statement_line_by_month", ["organization_id", "month", "id"], unique=False)

    op.create_table(
        "voucher_code",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("reward_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("redemption_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=True),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "redemption_id"],
            ["redemption.organization_id", "redemption.id"],
            name=op.f("fk_voucher_code_organization_id_redemption_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "reward_id"],
            ["voucher_pool.organization_id", "voucher_pool.reward_id"],
            name=op.f("fk_voucher_code_organization_id_reward_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "reward_id", "number", name=op.f("pk_voucher_code")),
        sa.UniqueConstraint("organization_id", "redemption_id", name=op.f("uq_voucher_code_organization_id_redemption_id")),
        sa.UniqueConstraint("organization_id", "reward_id", "mark", name=op.f("uq_voucher_code_organization_id_reward_id_mark")),
    )
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reached_on", sa.Date(), nullable=True))

    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("redemption_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=True))
        batch_op.create_index(
            "ix_transfer_by_redemption",
            ["organization_id", "redemption_id"],
            unique=False,
            postgresql_where=sa.text("redemption_id IS NOT NULL"),
            sqlite_where=sa.text("redemption_id IS NOT NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_transfer_organization_id_redemption_id"),
            "redemption",
            ["organization_id", "redemption_id"],
            ["organization_id", "id"],
        )

    _append_only("statement_line", ("organization_id", "id"), ("organization_id", "redemption_id", "kind"))
    if _is_sqlite():  # It has made the table anew, and its triggers went with the old one.
        _append_only("transfer", ("organization_id", "id"))


def downgrade() -> None:
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_transfer_organization_id_redemption_id"), type_="foreignkey")
        batch_op.drop_index(
            "ix_transfer_by_redemption",
            postgresql_where=sa.text("redemption_id IS NOT NULL"),
            sqlite_where=sa.text("redemption_id IS NOT NULL"),
        )
        batch_op.drop_column("redemption_id")

    if _is_sqlite():
        _append_only("transfer", ("organization_id", "id"))
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_column("reached_on")

    op.drop_table("voucher_code")
    with op.batch_alter_table("statement_line", schema=None) as batch_op:
        batch_op.drop_index("ix_statement_line_by_month")

    op.drop_table("statement_line")
    with op.batch_alter_table("fulfilment_order", schema=None) as batch_op:
        batch_op.drop_index("ix_fulfilment_order_due")

    op.drop_table("fulfilment_order")
    op.drop_table("voucher_pool")
    with op.batch_alter_table("reward_member", schema=None) as batch_op:
        batch_op.drop_index("ix_reward_member_by_member")

    op.drop_table("reward_member")
    with op.batch_alter_table("reward_group", schema=None) as batch_op:
        batch_op.drop_index("ix_reward_group_by_group")

    op.drop_table("reward_group")
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.drop_index("ix_redemption_by_status")
        batch_op.drop_index("ix_redemption_by_reward")
        batch_op.drop_index("ix_redemption_by_member")

    op.drop_table("redemption")
    with op.batch_alter_table("reward", schema=None) as batch_op:
        batch_op.drop_index("ix_reward_by_price")

    op.drop_table("reward")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _append_only(table: str, *keys: tuple[str, ...]) -> None:
    """The database refuses to change or delete what this table holds; see 0002. REPLACE deletes by any of its keys."""
    if not _is_sqlite():
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} {refuse}")
    there = " OR ".join("(" + " AND ".join(f"{name} = NEW.{name}" for name in key) + ")" for key in keys)
    op.execute(
        f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {there}) {refuse}"
    )
