"""All tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("keeps_balance", sa.Boolean(), nullable=False),
        sa.Column("may_be_negative", sa.Boolean(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("keeps_balance or balance = 0", name=op.f("ck_account_hot_account_keeps_none")),
        sa.CheckConstraint("may_be_negative or balance >= 0", name=op.f("ck_account_balance_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index("ix_account_kind_ref", ["kind", "ref"], unique=False)

    op.create_table(
        "category",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_ru", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["category.id"], name=op.f("fk_category_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("slug", name=op.f("uq_category_slug")),
    )
    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_category_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "language",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_ru", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_language")),
    )
    op.create_table(
        "ledger_checkpoint",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("before_xid", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_checkpoint")),
        sa.UniqueConstraint("account_id", "before_xid", name=op.f("uq_ledger_checkpoint_account_id_before_xid")),
    )
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expanded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
    )
    with op.batch_alter_table("outbox_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_event_new", ["id"], unique=False, postgresql_where=sa.text("expanded_at is null")
        )

    op.create_table(
        "rejection_reason",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_ru", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejection_reason")),
        sa.UniqueConstraint("code", name=op.f("uq_rejection_reason_code")),
    )
    op.create_table(
        "skill_area",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_ru", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill_area")),
        sa.UniqueConstraint("name_en", name=op.f("uq_skill_area_name_en")),
    )
    op.create_table(
        "sweep_run",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sweep_run")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("session_epoch", sa.BigInteger(), nullable=False),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
    )
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.create_index("uq_user_account_email_lower", [sa.literal_column("lower(email)")], unique=True)

    op.create_table(
        "author_profile",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("expertise", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("years_of_teaching", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(btrim(display_name)) > 0", name=op.f("ck_author_profile_display_name_given")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_author_profile_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_author_profile")),
        sa.UniqueConstraint("slug", name=op.f("uq_author_profile_slug")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("sends", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["outbox_event.id"], name=op.f("fk_delivery_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("event_id", "actor", name=op.f("uq_delivery_event_id_actor")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_delivery_open",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("done_at is null and parked_at is null"),
        )
        batch_op.create_index(
            "ix_delivery_parked", ["parked_at"], unique=False, postgresql_where=sa.text("parked_at is not null")
        )

    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_letter_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("key", name=op.f("uq_letter_key")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_user_id"), ["user_id"], unique=False)

    op.create_table(
        "skill",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_ru", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["skill_area.id"], name=op.f("fk_skill_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill")),
        sa.UniqueConstraint("area_id", "name_en", name=op.f("uq_skill_area_id_name_en")),
        sa.UniqueConstraint("slug", name=op.f("uq_skill_slug")),
    )
    op.create_table(
        "top_up",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "started",
                "pending",
                "settled",
                "declined",
                name="top_up_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("card_token", sa.Text(), nullable=False),
        sa.Column("card_brand", sa.Text(), nullable=False),
        sa.Column("card_last4", sa.Text(), nullable=False),
        sa.Column("decline_code", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_top_up_amount_positive")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_top_up_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up")),
        sa.UniqueConstraint("user_id", "request_key", name=op.f("uq_top_up_user_id_request_key")),
    )
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.create_index(
            "ix_top_up_open", ["created_at"], unique=False, postgresql_where=sa.text("state in ('started', 'pending')")
        )
        batch_op.create_index("uq_top_up_provider_ref", ["provider", "provider_ref"], unique=True)

    op.create_table(
        "upload",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("video", "image", name="upload_kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "receiving",
                "uploaded",
                "checking",
                "transcoding",
                "done",
                "failed",
                name="upload_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("asset", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("duration_s", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'failed') = (error_code is not null)", name=op.f("ck_upload_failed_has_reason")),
        sa.CheckConstraint('"offset" between 0 and size', name=op.f("ck_upload_offset_within_size")),
        sa.CheckConstraint("percent between 0 and 100", name=op.f("ck_upload_percent")),
        sa.ForeignKeyConstraint(["owner_id"], ["user_account.id"], name=op.f("fk_upload_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(
            "ix_upload_open", ["updated_at"], unique=False, postgresql_where=sa.text("state not in ('done', 'failed')")
        )
        batch_op.create_index(batch_op.f("ix_upload_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "user_role",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "student",
                "author",
                "moderator",
                "admin",
                "system",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("granted_by", sa.BigInteger(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role <> 'system'", name=op.f("ck_user_role_role_of_people")),
        sa.ForeignKeyConstraint(["granted_by"], ["user_account.id"], name=op.f("fk_user_role_granted_by")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_user_role_user_id")),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_user_role")),
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "approved",
                "paid",
                "declined",
                "cancelled",
                "failed",
                name="withdrawal_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payout_method", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'declined' or decline_reason is not null", name=op.f("ck_withdrawal_declined_has_reason")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_withdrawal_amount_positive")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_withdrawal_decided_by")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_withdrawal_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("user_id", "request_key", name=op.f("uq_withdrawal_user_id_request_key")),
    )
    with op.batch_alter_table("withdrawal", schema=None) as batch_op:
        batch_op.create_index(
            "ix_withdrawal_open",
            ["asked_at", "id"],
            unique=False,
            postgresql_where=sa.text("state in ('asked', 'approved')"),
        )

    op.create_table(
        "course",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("recorded", "cohort", name="course_kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                "on_sale",
                name="course_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("live_revision_id", sa.BigInteger(), nullable=True),
        sa.Column("draft_revision_id", sa.BigInteger(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=True),
        sa.Column("discount_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sale_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sale_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_by", sa.BigInteger(), nullable=True),
        sa.Column("block_reason", sa.Text(), nullable=True),
        sa.Column("duration_s", sa.BigInteger(), nullable=False),
        sa.Column("students_count", sa.BigInteger(), nullable=False),
        sa.Column("reviews_count", sa.BigInteger(), nullable=False),
        sa.Column("rating_sum", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state = 'draft' or live_revision_id is not null", name=op.f("ck_course_published_has_live_revision")
        ),
        sa.CheckConstraint("(blocked_at is null) = (block_reason is null)", name=op.f("ck_course_block_has_reason")),
        sa.CheckConstraint(
            "discount_minor >= 0 and discount_minor < price_minor", name=op.f("ck_course_discount_below_price")
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_course_price_not_negative")),
        sa.CheckConstraint("sale_from < sale_until", name=op.f("ck_course_sale_window_runs_forward")),
        sa.ForeignKeyConstraint(["author_id"], ["author_profile.user_id"], name=op.f("fk_course_author_id")),
        sa.ForeignKeyConstraint(["blocked_by"], ["user_account.id"], name=op.f("fk_course_blocked_by")),
        sa.ForeignKeyConstraint(
            ["draft_revision_id"], ["revision.id"], name=op.f("fk_course_draft_revision_id"), use_alter=True
        ),
        sa.ForeignKeyConstraint(
            ["live_revision_id"], ["revision.id"], name=op.f("fk_course_live_revision_id"), use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("slug", name=op.f("uq_course_slug")),
    )
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_author_id"), ["author_id"], unique=False)
        batch_op.create_index(
            "ix_course_catalogue",
            ["published_at", "id"],
            unique=False,
            postgresql_where=sa.text("state = 'on_sale' and blocked_at is null"),
        )

    op.create_table(
        "course_delta",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("students", sa.BigInteger(), nullable=False),
        sa.Column("reviews", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_delta_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_delta")),
    )
    op.create_table(
        "node",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "module", "lecture", "question", name="node_kind", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_node_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
    )
    with op.batch_alter_table("node", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_node_course_id"), ["course_id"], unique=False)

    op.create_table(
        "review",
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("stars", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stars between 1 and 5", name=op.f("ck_review_one_to_five_stars")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_review_course_id")),
        sa.ForeignKeyConstraint(["student_id"], ["user_account.id"], name=op.f("fk_review_student_id")),
        sa.PrimaryKeyConstraint("student_id", "course_id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_course_id"), ["course_id"], unique=False)

    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("based_on_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "moderating",
                "rejected",
                "in_review",
                "live",
                "archived",
                name="revision_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("short_description", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("requirements", sa.Text(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "level",
            sa.Enum(
                "beginner",
                "intermediate",
                "advanced",
                "all",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("language_code", sa.Text(), nullable=False),
        sa.Column("cover_upload_id", sa.Text(), nullable=True),
        sa.Column("includes_certificate", sa.Boolean(), nullable=False),
        sa.Column("access_days", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("access_days > 0", name=op.f("ck_revision_access_days_positive")),
        sa.ForeignKeyConstraint(["based_on_id"], ["revision.id"], name=op.f("fk_revision_based_on_id")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_revision_category_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name="fk_revision_course_id"),
        sa.ForeignKeyConstraint(["cover_upload_id"], ["upload.id"], name=op.f("fk_revision_cover_upload_id")),
        sa.ForeignKeyConstraint(["language_code"], ["language.code"], name=op.f("fk_revision_language_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("course_id", "number", name=op.f("uq_revision_course_id_number")),
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revision_category_id"), ["category_id"], unique=False)
        batch_op.create_index(
            "uq_revision_live", ["course_id"], unique=True, postgresql_where=sa.text("state = 'live'")
        )
        batch_op.create_index(
            "uq_revision_open",
            ["course_id"],
            unique=True,
            postgresql_where=sa.text("state in ('draft', 'moderating', 'rejected', 'in_review')"),
        )

    op.create_table(
        "sale_terms",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=True),
        sa.Column("discount_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sale_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sale_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_sale_terms_course_id")),
        sa.ForeignKeyConstraint(["set_by"], ["user_account.id"], name=op.f("fk_sale_terms_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_terms")),
    )
    with op.batch_alter_table("sale_terms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sale_terms_course_id"), ["course_id"], unique=False)

    op.create_table(
        "transition",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_transition_actor_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_transition_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transition")),
    )
    with op.batch_alter_table("transition", schema=None) as batch_op:
        batch_op.create_index("ix_transition_course", ["course_id", "id"], unique=False)
        batch_op.create_index("ix_transition_subject", ["subject", "subject_id", "id"], unique=False)

    op.create_table(
        "answer_attempt",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("question_node_id", sa.BigInteger(), nullable=False),
        sa.Column("chosen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_answer_attempt_course_id")),
        sa.ForeignKeyConstraint(["question_node_id"], ["node.id"], name=op.f("fk_answer_attempt_question_node_id")),
        sa.ForeignKeyConstraint(["student_id"], ["user_account.id"], name=op.f("fk_answer_attempt_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_attempt")),
    )
    with op.batch_alter_table("answer_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_answer_attempt_question", ["question_node_id"], unique=False)
        batch_op.create_index(
            "ix_answer_attempt_student_course", ["student_id", "course_id", "question_node_id"], unique=False
        )

    op.create_table(
        "lecture_progress",
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("lecture_node_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("position_s", sa.BigInteger(), nullable=False),
        sa.Column("watched", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("position_s >= 0", name=op.f("ck_lecture_progress_position_not_negative")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_lecture_progress_course_id")),
        sa.ForeignKeyConstraint(["lecture_node_id"], ["node.id"], name=op.f("fk_lecture_progress_lecture_node_id")),
        sa.ForeignKeyConstraint(["student_id"], ["user_account.id"], name=op.f("fk_lecture_progress_student_id")),
        sa.PrimaryKeyConstraint("student_id", "lecture_node_id", name=op.f("pk_lecture_progress")),
    )
    with op.batch_alter_table("lecture_progress", schema=None) as batch_op:
        batch_op.create_index("ix_lecture_progress_student_course", ["student_id", "course_id"], unique=False)

    op.create_table(
        "module",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_module_node_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_module_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module")),
        sa.UniqueConstraint("revision_id", "node_id", name=op.f("uq_module_revision_id_node_id")),
        sa.UniqueConstraint(
            "revision_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_module_revision_id_position"),
        ),
    )
    op.create_table(
        "purchase",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reserved",
                "refunded",
                "released",
                name="purchase_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("list_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("commission_bp", sa.BigInteger(), nullable=False),
        sa.Column("commission_minor", sa.BigInteger(), nullable=False),
        sa.Column("bought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refundable_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "commission_minor between 0 and price_minor", name=op.f("ck_purchase_commission_within_price")
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_purchase_price_not_negative")),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_purchase_author_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_purchase_course_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_purchase_revision_id")),
        sa.ForeignKeyConstraint(["student_id"], ["user_account.id"], name=op.f("fk_purchase_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase")),
    )
    with op.batch_alter_table("purchase", schema=None) as batch_op:
        batch_op.create_index("ix_purchase_author", ["author_id", "id"], unique=False)
        batch_op.create_index("ix_purchase_course", ["course_id", "id"], unique=False)
        batch_op.create_index(
            "ix_purchase_due", ["release_at", "id"], unique=False, postgresql_where=sa.text("state = 'reserved'")
        )
        batch_op.create_index(batch_op.f("ix_purchase_student_id"), ["student_id"], unique=False)
        batch_op.create_index(
            "uq_purchase_owned",
            ["student_id", "course_id"],
            unique=True,
            postgresql_where=sa.text("state in ('reserved', 'released')"),
        )

    op.create_table(
        "revision_skill",
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("skill_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_revision_skill_revision_id")),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name=op.f("fk_revision_skill_skill_id")),
        sa.PrimaryKeyConstraint("revision_id", "skill_id", name=op.f("pk_revision_skill")),
    )
    with op.batch_alter_table("revision_skill", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revision_skill_skill_id"), ["skill_id"], unique=False)

    op.create_table(
        "submission",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "in_review",
                "passed",
                "approved",
                "rejected",
                "withdrawn",
                name="submission_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("is_change", sa.Boolean(), nullable=False),
        sa.Column("submitted_by", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("thresholds", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("(claimed_by is null) = (claimed_until is null)", name=op.f("ck_submission_claim_lapses")),
        sa.ForeignKeyConstraint(["claimed_by"], ["user_account.id"], name=op.f("fk_submission_claimed_by")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_submission_course_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_submission_decided_by")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_submission_revision_id")),
        sa.ForeignKeyConstraint(["submitted_by"], ["user_account.id"], name=op.f("fk_submission_submitted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("course_id", "number", name=op.f("uq_submission_course_id_number")),
    )
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.create_index(
            "ix_submission_queue", ["submitted_at", "id"], unique=False, postgresql_where=sa.text("state = 'in_review'")
        )
        batch_op.create_index(
            "uq_submission_open",
            ["revision_id"],
            unique=True,
            postgresql_where=sa.text("state in ('open', 'in_review')"),
        )

    op.create_table(
        "enrolment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "purchase",
                "subscription",
                "grant",
                name="enrolment_source",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("purchase_id", sa.BigInteger(), nullable=True),
        sa.Column("access_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("access_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress_floor", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("progress_floor between 0 and 100", name=op.f("ck_enrolment_progress_floor")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_enrolment_course_id")),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchase.id"], name=op.f("fk_enrolment_purchase_id")),
        sa.ForeignKeyConstraint(["student_id"], ["user_account.id"], name=op.f("fk_enrolment_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("purchase_id", name=op.f("uq_enrolment_purchase_id")),
    )
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.create_index("ix_enrolment_course", ["course_id", "id"], unique=False)
        batch_op.create_index(
            "uq_enrolment_open", ["student_id", "course_id"], unique=True, postgresql_where=sa.text("ended_at is null")
        )

    op.create_table(
        "lecture",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("video", "text", name="lecture_kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("video_upload_id", sa.Text(), nullable=True),
        sa.Column("free_preview", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["module.id"], name=op.f("fk_lecture_module_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_lecture_node_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_lecture_revision_id")),
        sa.ForeignKeyConstraint(["video_upload_id"], ["upload.id"], name=op.f("fk_lecture_video_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lecture")),
        sa.UniqueConstraint(
            "module_id", "position", deferrable=True, initially="DEFERRED", name=op.f("uq_lecture_module_id_position")
        ),
        sa.UniqueConstraint("revision_id", "node_id", name=op.f("uq_lecture_revision_id_node_id")),
    )
    with op.batch_alter_table("lecture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lecture_node_id"), ["node_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_lecture_video_upload_id"), ["video_upload_id"], unique=False)

    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "top_up",
                "purchase",
                "refund",
                "release",
                "withdrawal",
                "withdrawal_paid",
                "withdrawal_returned",
                name="transaction_kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("purchase_id", sa.BigInteger(), nullable=True),
        sa.Column("withdrawal_id", sa.BigInteger(), nullable=True),
        sa.Column("top_up_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchase.id"], name=op.f("fk_ledger_transaction_purchase_id")),
        sa.ForeignKeyConstraint(["top_up_id"], ["top_up.id"], name=op.f("fk_ledger_transaction_top_up_id")),
        sa.ForeignKeyConstraint(["withdrawal_id"], ["withdrawal.id"], name=op.f("fk_ledger_transaction_withdrawal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_transaction_key")),
    )
    with op.batch_alter_table("ledger_transaction", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_transaction_purchase_id",
            ["purchase_id"],
            unique=False,
            postgresql_where=sa.text("purchase_id is not null"),
        )
        batch_op.create_index(
            "ix_ledger_transaction_top_up_id",
            ["top_up_id"],
            unique=False,
            postgresql_where=sa.text("top_up_id is not null"),
        )
        batch_op.create_index(
            "ix_ledger_transaction_withdrawal_id",
            ["withdrawal_id"],
            unique=False,
            postgresql_where=sa.text("withdrawal_id is not null"),
        )
        batch_op.create_index(
            "uq_ledger_transaction_purchase_settled",
            ["purchase_id"],
            unique=True,
            postgresql_where=sa.text("kind in ('refund', 'release')"),
        )
        batch_op.create_index(
            "uq_ledger_transaction_withdrawal_settled",
            ["withdrawal_id"],
            unique=True,
            postgresql_where=sa.text("kind in ('withdrawal_paid', 'withdrawal_returned')"),
        )

    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column(
            "xid", sa.BigInteger(), server_default=sa.text("(pg_current_xact_id()::text)::bigint"), nullable=False
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entry_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_ledger_entry_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("transaction_id", "account_id", name=op.f("uq_ledger_entry_transaction_id_account_id")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_entry_account", ["account_id", "id"], unique=False)
        batch_op.create_index(
            "ix_ledger_entry_statement", ["account_id", "seq"], unique=True, postgresql_where=sa.text("seq is not null")
        )

    op.create_table(
        "question",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("lecture_id", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.CheckConstraint("jsonb_array_length(options) between 2 and 10", name=op.f("ck_question_two_to_ten_options")),
        sa.ForeignKeyConstraint(["lecture_id"], ["lecture.id"], name=op.f("fk_question_lecture_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_question_node_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_question_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint(
            "lecture_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_question_lecture_id_position"),
        ),
        sa.UniqueConstraint("revision_id", "node_id", name=op.f("uq_question_revision_id_node_id")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_node_id"), ["node_id"], unique=False)
    # course and revision point at each other, so these come when both exist.
    for column in ("live_revision_id", "draft_revision_id"):
        op.create_foreign_key(op.f(f"fk_course_{column}"), "course", "revision", [column], ["id"])


def downgrade() -> None:
    for column in ("live_revision_id", "draft_revision_id"):
        op.drop_constraint(op.f(f"fk_course_{column}"), "course", type_="foreignkey")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_node_id"))

    op.drop_table("question")
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_entry_statement", postgresql_where=sa.text("seq is not null"))
        batch_op.drop_index("ix_ledger_entry_account")

    op.drop_table("ledger_entry")
    with op.batch_alter_table("ledger_transaction", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_ledger_transaction_withdrawal_settled",
            postgresql_where=sa.text("kind in ('withdrawal_paid', 'withdrawal_returned')"),
        )
        batch_op.drop_index(
            "uq_ledger_transaction_purchase_settled", postgresql_where=sa.text("kind in ('refund', 'release')")
        )
        batch_op.drop_index(
            "ix_ledger_transaction_withdrawal_id", postgresql_where=sa.text("withdrawal_id is not null")
        )
        batch_op.drop_index("ix_ledger_transaction_top_up_id", postgresql_where=sa.text("top_up_id is not null"))
        batch_op.drop_index("ix_ledger_transaction_purchase_id", postgresql_where=sa.text("purchase_id is not null"))

    op.drop_table("ledger_transaction")
    with op.batch_alter_table("lecture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lecture_video_upload_id"))
        batch_op.drop_index(batch_op.f("ix_lecture_node_id"))

    op.drop_table("lecture")
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.drop_index("uq_enrolment_open", postgresql_where=sa.text("ended_at is null"))
        batch_op.drop_index("ix_enrolment_course")

    op.drop_table("enrolment")
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.drop_index("uq_submission_open", postgresql_where=sa.text("state in ('open', 'in_review')"))
        batch_op.drop_index("ix_submission_queue", postgresql_where=sa.text("state = 'in_review'"))

    op.drop_table("submission")
    with op.batch_alter_table("revision_skill", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_revision_skill_skill_id"))

    op.drop_table("revision_skill")
    with op.batch_alter_table("purchase", schema=None) as batch_op:
        batch_op.drop_index("uq_purchase_owned", postgresql_where=sa.text("state in ('reserved', 'released')"))
        batch_op.drop_index(batch_op.f("ix_purchase_student_id"))
        batch_op.drop_index("ix_purchase_due", postgresql_where=sa.text("state = 'reserved'"))
        batch_op.drop_index("ix_purchase_course")
        batch_op.drop_index("ix_purchase_author")

    op.drop_table("purchase")
    op.drop_table("module")
    with op.batch_alter_table("lecture_progress", schema=None) as batch_op:
        batch_op.drop_index("ix_lecture_progress_student_course")

    op.drop_table("lecture_progress")
    with op.batch_alter_table("answer_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_answer_attempt_student_course")
        batch_op.drop_index("ix_answer_attempt_question")

    op.drop_table("answer_attempt")
    with op.batch_alter_table("transition", schema=None) as batch_op:
        batch_op.drop_index("ix_transition_subject")
        batch_op.drop_index("ix_transition_course")

    op.drop_table("transition")
    with op.batch_alter_table("sale_terms", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sale_terms_course_id"))

    op.drop_table("sale_terms")
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_revision_open", postgresql_where=sa.text("state in ('draft', 'moderating', 'rejected', 'in_review')")
        )
        batch_op.drop_index("uq_revision_live", postgresql_where=sa.text("state = 'live'"))
        batch_op.drop_index(batch_op.f("ix_revision_category_id"))

    op.drop_table("revision")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_course_id"))

    op.drop_table("review")
    with op.batch_alter_table("node", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_node_course_id"))

    op.drop_table("node")
    op.drop_table("course_delta")
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.drop_index("ix_course_catalogue", postgresql_where=sa.text("state = 'on_sale' and blocked_at is null"))
        batch_op.drop_index(batch_op.f("ix_course_author_id"))

    op.drop_table("course")
    with op.batch_alter_table("withdrawal", schema=None) as batch_op:
        batch_op.drop_index("ix_withdrawal_open", postgresql_where=sa.text("state in ('asked', 'approved')"))

    op.drop_table("withdrawal")
    op.drop_table("user_role")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_upload_owner_id"))
        batch_op.drop_index("ix_upload_open", postgresql_where=sa.text("state not in ('done', 'failed')"))

    op.drop_table("upload")
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.drop_index("uq_top_up_provider_ref")
        batch_op.drop_index("ix_top_up_open", postgresql_where=sa.text("state in ('started', 'pending')"))

    op.drop_table("top_up")
    op.drop_table("skill")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_letter_user_id"))

    op.drop_table("letter")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_parked", postgresql_where=sa.text("parked_at is not null"))
        batch_op.drop_index("ix_delivery_open", postgresql_where=sa.text("done_at is null and parked_at is null"))

    op.drop_table("delivery")
    op.drop_table("author_profile")
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.drop_index("uq_user_account_email_lower")

    op.drop_table("user_account")
    op.drop_table("sweep_run")
    op.drop_table("skill_area")
    op.drop_table("rejection_reason")
    with op.batch_alter_table("outbox_event", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_event_new", postgresql_where=sa.text("expanded_at is null"))

    op.drop_table("outbox_event")
    op.drop_table("ledger_checkpoint")
    op.drop_table("language")
    op.drop_table("heartbeat")
    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_category_parent_id"))

    op.drop_table("category")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index("ix_account_kind_ref")

    op.drop_table("account")
