"""Room for files: what the products of an upload take up, whose they are, and how much a person may have; captions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("upload_quota_mb", sa.BigInteger(), nullable=True))
    op.create_check_constraint("upload_quota_not_negative", "user_account", "upload_quota_mb >= 0")
    op.add_column("upload", sa.Column("products_id", sa.Text(), nullable=True))
    op.add_column("upload", sa.Column("product_bytes", sa.BigInteger(), nullable=True))
    # Nobody has measured what was made before; it counts as large as what it was made of.
    op.execute("UPDATE upload SET products_id = id, product_bytes = CASE state WHEN 'done' THEN size ELSE 0 END")
    op.alter_column("upload", "products_id", nullable=False)
    op.alter_column("upload", "product_bytes", nullable=False)
    op.add_column("upload", sa.Column("sha256", sa.Text(), nullable=True))
    op.create_index(
        "uq_upload_made_once",
        "upload",
        ["owner_id", "kind", "sha256"],
        unique=True,
        postgresql_where=sa.text("state = 'done' and products_id = id"),
    )
    op.add_column("upload", sa.Column("size_known", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("upload", sa.Column("is_part", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("upload", sa.Column("client_metadata", sa.Text(), server_default="", nullable=False))
    for column in ("size_known", "is_part", "client_metadata"):
        op.alter_column("upload", column, server_default=None)
    op.add_column("upload", sa.Column("parts", JSONB(), nullable=True))
    op.create_check_constraint("received_whole", "upload", "state = 'receiving' or (size_known and not is_part)")
    op.create_index("ix_upload_products_id", "upload", ["products_id"])
    op.create_table(
        "caption",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("cues", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cues between 1 and 10000", name=op.f("ck_caption_number_of_cues")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_caption_course_id_course")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caption")),
        sa.UniqueConstraint("course_id", "sha256", name=op.f("uq_caption_course_id_sha256")),
    )
    op.create_index("ix_caption_used_at", "caption", ["used_at"])
    op.add_column("lecture", sa.Column("captions", JSONB(), server_default="[]", nullable=False))
    op.alter_column("lecture", "captions", server_default=None)
    op.create_index(
        "ix_lecture_captions",
        "lecture",
        ["captions"],
        postgresql_using="gin",
        postgresql_ops={"captions": "jsonb_path_ops"},
    )
    op.create_index("ix_revision_cover_upload_id", "revision", ["cover_upload_id"])


def downgrade() -> None:
    op.drop_index("ix_revision_cover_upload_id", "revision")
    op.drop_index("ix_lecture_captions", "lecture")
    op.drop_column("lecture", "captions")
    op.drop_table("caption")
    op.drop_index("ix_upload_products_id", "upload")
    op.drop_index("uq_upload_made_once", "upload")
    op.drop_constraint("received_whole", "upload")
    for column in ("parts", "client_metadata", "is_part", "size_known", "sha256"):
        op.drop_column("upload", column)
    op.drop_column("upload", "product_bytes")
    op.drop_column("upload", "products_id")
    op.drop_constraint("upload_quota_not_negative", "user_account")
    op.drop_column("user_account", "upload_quota_mb")
