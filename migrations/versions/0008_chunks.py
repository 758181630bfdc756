"""Long videos are prepared in chunks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    op.add_column("upload", sa.Column("plan", JSONB(), nullable=True))
    op.create_table(
        "upload_chunk",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("kind", _words("chunk_kind", "picture", "sound"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", _words("chunk_state", "waiting", "working", "done", "failed"), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pictures", sa.BigInteger(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("percent between 0 and 100", name=op.f("ck_upload_chunk_percent")),
        sa.CheckConstraint(
            "(state = 'working') = (lease_until is not null)", name=op.f("ck_upload_chunk_working_has_lease")
        ),
        sa.CheckConstraint(
            "state <> 'done' or kind = 'sound' or pictures > 0", name=op.f("ck_upload_chunk_done_has_pictures")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_upload_chunk_upload_id_upload"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_chunk")),
        sa.UniqueConstraint("upload_id", "kind", "position", name=op.f("uq_upload_chunk_upload_id_kind_position")),
    )
    op.create_index(
        "ix_upload_chunk_lease", "upload_chunk", ["lease_until"], postgresql_where=sa.text("state = 'working'")
    )


def downgrade() -> None:
    op.drop_table("upload_chunk")
    op.drop_column("upload", "plan")
