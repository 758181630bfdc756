"""Files for download (C-4), assignments of modules (C-3), covers that show a part of their picture (C-1)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NODES = ["module", "lecture", "question", "resource", "assignment"]
# The words that a column may hold from here on, and before.
WORDS = {
    ("upload", "upload_kind"): (["video", "image", "archive", "file"], ["video", "image", "archive"]),
    ("node", "node_kind"): (NODES, NODES[:3]),
    ("removed_node", "node_kind"): (NODES, NODES[:3]),
}


def _allow(table: str, name: str, words: list[str]) -> None:
    constraint = op.f(f"ck_{table}_{name}")
    listed = ", ".join(f"'{word}'" for word in words)
    op.drop_constraint(constraint, table, type_="check")
    op.create_check_constraint(constraint, table, f"kind in ({listed})")


def _resources() -> None:
    op.create_table(
        "resource",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("lecture_id", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_resource_revision_id_revision")),
        sa.ForeignKeyConstraint(["lecture_id"], ["lecture.id"], name=op.f("fk_resource_lecture_id_lecture")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_resource_node_id_node")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_resource_upload_id_upload")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("revision_id", "node_id", name=op.f("uq_resource_revision_id_node_id")),
        sa.UniqueConstraint(
            "lecture_id",
            "position",
            name=op.f("uq_resource_lecture_id_position"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index(op.f("ix_resource_node_id"), "resource", ["node_id"])
    op.create_index(op.f("ix_resource_upload_id"), "resource", ["upload_id"])


def _assignments() -> None:
    op.create_table(
        "assignment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_assignment_revision_id_revision")),
        sa.ForeignKeyConstraint(["module_id"], ["module.id"], name=op.f("fk_assignment_module_id_module")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_assignment_node_id_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("revision_id", "node_id", name=op.f("uq_assignment_revision_id_node_id")),
        sa.UniqueConstraint(
            "module_id",
            "position",
            name=op.f("uq_assignment_module_id_position"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index(op.f("ix_assignment_node_id"), "assignment", ["node_id"])


def upgrade() -> None:
    for (table, name), (words, _before) in WORDS.items():
        _allow(table, name, words)
    _resources()
    _assignments()
    op.add_column("upload", sa.Column("source_id", sa.Text(), nullable=True))
    op.add_column("upload", sa.Column("crop", JSONB(), nullable=True))
    op.create_foreign_key(op.f("fk_upload_source_id_upload"), "upload", "upload", ["source_id"], ["id"])


def downgrade() -> None:
    op.drop_column("upload", "crop")
    op.drop_column("upload", "source_id")
    op.drop_table("assignment")
    op.drop_table("resource")
    for (table, name), (_words, before) in WORDS.items():
        _allow(table, name, before)
