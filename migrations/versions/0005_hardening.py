"""Logins that ended; cards that are kept once they were charged; an index for sums over a time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_login",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ended_login")),
    )
    op.create_index("ix_ended_login_ended_at", "ended_login", ["ended_at"])
    op.create_index("ix_purchase_bought", "purchase", ["bought_at"], postgresql_using="brin")
    op.add_column("top_up", sa.Column("keep_expires", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("top_up", "keep_expires")
    op.drop_index("ix_purchase_bought", "purchase")
    op.drop_table("ended_login")
