"""Insights: rollups of the feed by day and by month, and outcomes of groups."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "insight_flow",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("span", sa.String(40), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("from_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("to_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("recognitions", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("span IN ('DAY', 'MONTH')", name=op.f("ck_insight_flow_span")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_flow_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "span", "start", "from_id", "to_id", name=op.f("pk_insight_flow")),
    )
    op.create_table(
        "insight_member",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("span", sa.String(40), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("points_given", sa.BigInteger(), nullable=False),
        sa.Column("points_received", sa.BigInteger(), nullable=False),
        sa.Column("private_given", sa.BigInteger(), nullable=False),
        sa.Column("private_received", sa.BigInteger(), nullable=False),
        sa.Column("private_points_given", sa.BigInteger(), nullable=False),
        sa.Column("private_points_received", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("span IN ('DAY', 'MONTH')", name=op.f("ck_insight_member_span")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_member_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "span", "start", "ordinal", name=op.f("pk_insight_member")),
    )
    op.create_table(
        "insight_pair",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("span", sa.String(40), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("upward", sa.LargeBinary(), nullable=False),
        sa.Column("downward", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("span IN ('DAY', 'MONTH')", name=op.f("ck_insight_pair_span")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_pair_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "span", "start", name=op.f("pk_insight_pair")),
    )
    op.create_table(
        "insight_people",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("span", sa.String(40), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("scope_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("part", sa.String(40), nullable=False),
        sa.Column("tally", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("part IN ('GAVE', 'RECEIVED', 'REDEEMED')", name=op.f("ck_insight_people_part")),
        sa.CheckConstraint("span IN ('DAY', 'MONTH')", name=op.f("ck_insight_people_span")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_people_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "span", "start", "scope_id", "part", name=op.f("pk_insight_people")),
    )
    op.create_table(
        "insight_points",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("span", sa.String(40), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("movement", sa.String(40), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "movement IN ('ISSUED', 'GIVEN', 'TAKEN_BACK', 'EXPIRED', 'ADJUSTED', 'IMPORTED', 'REDEEMED', 'RETURNED', 'FULFILLED', 'REFUNDED')",
            name=op.f("ck_insight_points_movement"),
        ),
        sa.CheckConstraint("span IN ('DAY', 'MONTH')", name=op.f("ck_insight_points_span")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_points_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "span", "start", "movement", name=op.f("pk_insight_points")),
    )
    op.create_table(
        "insight_standing",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("scope_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("came", sa.LargeBinary(), nullable=False),
        sa.Column("went", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "standing IN ('ACTIVE', 'BELONGS', 'NORMAL', 'GIVER', 'RECEIVER', 'OBSERVER')",
            name=op.f("ck_insight_standing_standing"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_standing_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "scope_id", "standing", "on_day", name=op.f("pk_insight_standing")),
    )
    op.create_table(
        "insight_total",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("span", sa.String(40), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("scope_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("recognitions", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("points_given", sa.BigInteger(), nullable=False),
        sa.Column("points_received", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("span IN ('DAY', 'MONTH')", name=op.f("ck_insight_total_span")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_total_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "span", "start", "scope_id", name=op.f("pk_insight_total")),
    )
    op.create_table(
        "insight_value",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("span", sa.String(40), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("scope_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("hashtag", sa.Text(), nullable=False),
        sa.Column("recognitions", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("span IN ('DAY', 'MONTH')", name=op.f("ck_insight_value_span")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_value_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "span", "start", "scope_id", "hashtag", name=op.f("pk_insight_value")),
    )
    op.create_table(
        "insight_zone",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.organization_id"], name=op.f("fk_insight_zone_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "sequence", name=op.f("pk_insight_zone")),
    )
    op.create_table(
        "insight_outcome",
        sa.Column("organization_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.CheckConstraint("length(metric) BETWEEN 1 AND 50", name=op.f("ck_insight_outcome_metric")),
        sa.ForeignKeyConstraint(
            ["organization_id", "group_id"],
            ["member_group.organization_id", "member_group.id"],
            name=op.f("fk_insight_outcome_organization_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "metric", "group_id", "month", name=op.f("pk_insight_outcome")),
    )


def downgrade() -> None:
    op.drop_table("insight_outcome")
    op.drop_table("insight_zone")
    op.drop_table("insight_value")
    op.drop_table("insight_total")
    op.drop_table("insight_standing")
    op.drop_table("insight_points")
    op.drop_table("insight_people")
    op.drop_table("insight_pair")
    op.drop_table("insight_member")
    op.drop_table("insight_flow")
