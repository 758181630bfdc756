"""What was deleted from a draft, so that it can be brought back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_node",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_node_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "module", "lecture", "question", name="node_kind", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_removed_node_course_id_course")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_removed_node_node_id_node")),
        sa.ForeignKeyConstraint(["parent_node_id"], ["node.id"], name=op.f("fk_removed_node_parent_node_id_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed_node")),
    )
    op.create_index("ix_removed_node_course", "removed_node", ["course_id", "id"])


def downgrade() -> None:
    op.drop_table("removed_node")
