"""What a received file waits for, when it is the house that cannot go on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("upload", sa.Column("hold_code", sa.Text(), nullable=True))
    # Not valid first: the table is locked for a moment only, and what stands in it has no code.
    op.execute(
        "ALTER TABLE upload ADD CONSTRAINT ck_upload_held_waits"
        " CHECK (hold_code IS NULL OR state = 'uploaded') NOT VALID"
    )
    op.execute("ALTER TABLE upload VALIDATE CONSTRAINT ck_upload_held_waits")


def downgrade() -> None:
    op.drop_column("upload", "hold_code")
