"""Money, whole: debts, clawbacks, chargebacks, corrections, coupons, saved cards, exports, runs of the proof."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ENUMS = {
    ("ledger_transaction", "kind", "transaction_kind"): (
        ("top_up", "purchase", "refund", "release", "withdrawal", "withdrawal_paid", "withdrawal_returned"),
        ("clawback", "chargeback", "payout_bounced", "correction"),
    ),
    ("purchase", "state", "purchase_state"): (("reserved", "refunded", "released"), ("clawed_back",)),
    ("top_up", "state", "top_up_state"): (("started", "pending", "settled", "declined"), ("charged_back",)),
    ("withdrawal", "state", "withdrawal_state"): (
        ("asked", "approved", "paid", "declined", "cancelled", "failed"),
        ("bounced",),
    ),
}


def set_enum(table: str, column: str, name: str, words: tuple[str, ...]) -> None:
    """Let a column hold these words; NOT VALID spares the scan, the words it had are among the new ones."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    listed = ", ".join(f"'{word}'" for word in words)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({column} IN ({listed})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def moment(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    """An aware moment."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def person(name: str, *, nullable: bool = False) -> sa.Column[sa.BigInteger]:
    """A user."""
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey("user_account.id"), nullable=nullable)


def words(name: str, enum: str, *members: str) -> sa.Column[sa.Enum]:
    """A column of a state."""
    return sa.Column(
        name, sa.Enum(*members, name=enum, native_enum=False, create_constraint=True, length=24), nullable=False
    )


def upgrade() -> None:
    for (table, column, name), (old, new) in ENUMS.items():
        set_enum(table, column, name, old + new)
    for make in (make_corrections, make_coupons, make_saved_cards, make_exports, make_verify_runs):
        make()
    op.add_column(
        "ledger_transaction",
        sa.Column("correction_id", sa.BigInteger(), sa.ForeignKey("correction.id"), nullable=True),
    )
    op.create_index(
        "ix_ledger_transaction_correction_id",
        "ledger_transaction",
        ["correction_id"],
        postgresql_where=sa.text("correction_id is not null"),
    )
    op.create_index("ix_ledger_transaction_at", "ledger_transaction", ["at", "id"])
    op.create_index(
        "ix_ledger_transaction_actor_id",
        "ledger_transaction",
        ["actor_id", "id"],
        postgresql_where=sa.text("actor_id is not null"),
    )
    op.create_check_constraint("debt_not_positive", "account", "kind <> 'debt' or balance <= 0")
    op.add_column("purchase", sa.Column("coupon_id", sa.BigInteger(), sa.ForeignKey("coupon.id"), nullable=True))
    op.add_column("purchase", moment("clawed_back_at", nullable=True))
    op.add_column("purchase", sa.Column("return_reason", sa.Text(), nullable=True))
    op.add_column("top_up", moment("charged_back_at", nullable=True))
    op.add_column("withdrawal", moment("bounced_at", nullable=True))
    op.create_index("ix_purchase_coupon", "purchase", ["coupon_id"], postgresql_where=sa.text("coupon_id is not null"))
    op.create_index("ix_top_up_user", "top_up", ["user_id", "id"])
    op.create_index("ix_withdrawal_user", "withdrawal", ["user_id", "id"])


def make_corrections() -> None:
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("request_key", sa.Text(), nullable=False),
        words("state", "correction_state", "waiting", "posted", "declined"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        person("asked_by"),
        moment("asked_at"),
        person("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("length(reason) > 0", name="has_reason"),
        sa.UniqueConstraint("asked_by", "request_key"),
    )


def make_coupons() -> None:
    op.create_table(
        "coupon",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("code", sa.Text(), nullable=False, unique=True),
        # Nobody: the platform's.
        person("author_id", nullable=True),
        sa.Column("course_id", sa.BigInteger(), sa.ForeignKey("course.id"), nullable=True),
        sa.Column("percent", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("max_uses", sa.BigInteger(), nullable=True),
        sa.Column("uses", sa.BigInteger(), nullable=False, server_default="0"),
        moment("starts_at", nullable=True),
        moment("ends_at", nullable=True),
        moment("disabled_at", nullable=True),
        person("created_by"),
        moment("created_at"),
        sa.CheckConstraint("(percent is null) <> (amount_minor is null)", name="percent_or_amount"),
        sa.CheckConstraint("percent between 1 and 100", name="percent"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("uses between 0 and coalesce(max_uses, uses)", name="uses_within_limit"),
        sa.CheckConstraint("code = upper(code)", name="code_upper"),
    )
    op.create_index("ix_coupon_author", "coupon", ["author_id", "id"])


def make_saved_cards() -> None:
    op.create_table(
        "saved_card",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        person("user_id"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        moment("created_at"),
        moment("removed_at", nullable=True),
        sa.CheckConstraint("length(last4) = 4", name="last4"),
        sa.CheckConstraint("removed_at is null or not is_default", name="removed_is_no_default"),
    )
    present = sa.text("removed_at is null")
    op.create_index(
        "uq_saved_card_present",
        "saved_card",
        ["user_id", "provider", "brand", "last4", "expires"],
        unique=True,
        postgresql_where=present,
    )
    op.create_index(
        "uq_saved_card_default", "saved_card", ["user_id"], unique=True, postgresql_where=sa.text("is_default")
    )


def make_exports() -> None:
    op.create_table(
        "money_export",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        person("user_id"),
        sa.Column("request_key", sa.Text(), nullable=False),
        words("state", "export_state", "waiting", "working", "done"),
        sa.Column("filters", postgresql.JSONB(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("rows_total", sa.BigInteger(), nullable=True),
        sa.Column("rows_done", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("file_key", sa.Text(), nullable=True),
        moment("asked_at"),
        moment("finished_at", nullable=True),
        sa.UniqueConstraint("user_id", "request_key"),
        sa.CheckConstraint("state <> 'done' or file_key is not null", name="done_has_file"),
    )


def make_verify_runs() -> None:
    op.create_table(
        "verify_run",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        moment("ran_at"),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("verify_run")
    op.drop_index("ix_withdrawal_user", "withdrawal")
    op.drop_index("ix_top_up_user", "top_up")
    op.drop_column("withdrawal", "bounced_at")
    op.drop_column("top_up", "charged_back_at")
    op.drop_column("purchase", "return_reason")
    op.drop_column("purchase", "clawed_back_at")
    op.drop_column("purchase", "coupon_id")
    op.drop_constraint(op.f("ck_account_debt_not_positive"), "account", type_="check")
    op.drop_index("ix_ledger_transaction_actor_id", "ledger_transaction")
    op.drop_index("ix_ledger_transaction_at", "ledger_transaction")
    op.drop_column("ledger_transaction", "correction_id")
    for table in ("money_export", "saved_card", "coupon", "correction"):
        op.drop_table(table)
    for (table, column, name), (old, _new) in ENUMS.items():
        set_enum(table, column, name, old)
