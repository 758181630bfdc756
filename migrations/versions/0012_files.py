"""Room for files: what the products of an upload take up, whose they are, and how much a person may have."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0006"
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
    op.create_index("ix_upload_products_id", "upload", ["products_id"])


def downgrade() -> None:
    op.drop_index("ix_upload_products_id", "upload")
    op.drop_column("upload", "product_bytes")
    op.drop_column("upload", "products_id")
    op.drop_constraint("upload_quota_not_negative", "user_account")
    op.drop_column("user_account", "upload_quota_mb")
