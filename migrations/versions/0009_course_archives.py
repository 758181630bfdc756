"""Courses as archives: uploads of archives and the files that came in them; exports of more than money, which end."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATES = ("waiting", "working", "done")
CONSTRAINTS = (
    *("pk_{}", "uq_{}_user_id_request_key", "fk_{}_user_id"),
    *("ck_{}_export_state", "ck_{}_done_has_file"),
)
# Exports of money were kept for good; those that there are get a last week.
LAST_WEEK = "now() + interval '7 days'"


def _words(table: str, column: str, name: str, *words: str) -> None:
    constraint = op.f(f"ck_{table}_{name}")
    op.drop_constraint(constraint, table, type_="check")
    op.create_check_constraint(constraint, table, f"{column} in ({', '.join(repr(word) for word in words)})")


def _rename(before: str, after: str) -> None:
    op.rename_table(before, after)
    op.execute(f"ALTER SEQUENCE {before}_id_seq RENAME TO {after}_id_seq")
    for name in CONSTRAINTS:
        op.execute(f"ALTER TABLE {after} RENAME CONSTRAINT {name.format(before)} TO {name.format(after)}")


def upgrade() -> None:
    _words("upload", "kind", "upload_kind", "video", "image", "archive")
    op.add_column("upload", sa.Column("archive_id", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_upload_archive_id"), "upload", "upload", ["archive_id"], ["id"], ondelete="SET NULL")
    op.create_index(
        "ix_upload_archive_id", "upload", ["archive_id"], postgresql_where=sa.text("archive_id is not null")
    )

    _rename("money_export", "export")
    op.alter_column("export", "rows_total", new_column_name="total")
    op.alter_column("export", "rows_done", new_column_name="done")
    kind = sa.Enum("history", "course", name="export_kind", native_enum=False, create_constraint=True, length=24)
    op.add_column("export", sa.Column("kind", kind, nullable=False, server_default="history"))
    op.alter_column("export", "kind", server_default=None)
    op.add_column("export", sa.Column("revision_id", sa.BigInteger(), nullable=True))
    op.add_column("export", sa.Column("remarks", JSONB(), nullable=False, server_default="[]"))
    op.add_column("export", sa.Column("error_code", sa.Text(), nullable=True))
    op.add_column(
        "export", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    )
    op.alter_column("export", "updated_at", server_default=None)
    op.add_column("export", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(f"UPDATE export SET expires_at = {LAST_WEEK} WHERE state = 'done'")
    op.create_foreign_key(op.f("fk_export_revision_id"), "export", "revision", ["revision_id"], ["id"])
    _words("export", "state", "export_state", *STATES, "failed", "expired")
    op.drop_constraint(op.f("ck_export_done_has_file"), "export", type_="check")
    for name, rule in (
        ("done_has_file", "state <> 'done' or (file_key is not null and expires_at is not null)"),
        ("failed_has_reason", "(state = 'failed') = (error_code is not null)"),
        ("course_has_revision", "(kind = 'course') = (revision_id is not null)"),
    ):
        op.create_check_constraint(op.f(f"ck_export_{name}"), "export", rule)
    op.create_index("ix_export_revision_id", "export", ["revision_id"])
    op.create_index(
        "ix_export_unswept", "export", ["updated_at"], postgresql_where=sa.text("state not in ('failed', 'expired')")
    )


def downgrade() -> None:
    op.execute("DELETE FROM export WHERE kind = 'course' OR state IN ('failed', 'expired')")
    op.drop_index("ix_export_unswept", "export")
    op.drop_index("ix_export_revision_id", "export")
    for name in ("course_has_revision", "failed_has_reason", "done_has_file"):
        op.drop_constraint(op.f(f"ck_export_{name}"), "export", type_="check")
    op.create_check_constraint(op.f("ck_export_done_has_file"), "export", "state <> 'done' or file_key is not null")
    _words("export", "state", "export_state", *STATES)
    for column in ("expires_at", "updated_at", "error_code", "remarks", "revision_id", "kind"):
        op.drop_column("export", column)
    op.alter_column("export", "done", new_column_name="rows_done")
    op.alter_column("export", "total", new_column_name="rows_total")
    _rename("export", "money_export")

    op.drop_column("upload", "archive_id")
    op.execute("DELETE FROM upload WHERE kind = 'archive'")
    _words("upload", "kind", "upload_kind", "video", "image")
