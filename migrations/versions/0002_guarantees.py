"""What the database itself refuses: unbalanced books, promised money without its posting, rewritten history."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# One round trip per posting (M-10). Arrays come in: a generic plan halves the server's time.
POST = """
CREATE FUNCTION ledger_post(
    p_key text, p_hash bytea, p_kind text, p_at timestamptz, p_actor bigint,
    p_purchase bigint, p_withdrawal bigint, p_top_up bigint, p_accounts text[], p_amounts bigint[],
    OUT transaction_id bigint, OUT replayed boolean
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    found_hash bytea;
BEGIN
    INSERT INTO ledger_transaction AS t (key, request_hash, kind, at, actor_id, purchase_id, withdrawal_id, top_up_id)
    VALUES (p_key, p_hash, p_kind, p_at, p_actor, p_purchase, p_withdrawal, p_top_up)
    ON CONFLICT (key) DO NOTHING RETURNING t.id INTO transaction_id;
    replayed := transaction_id IS NULL;
    IF replayed THEN
        SELECT t.id, t.request_hash INTO transaction_id, found_hash FROM ledger_transaction t WHERE t.key = p_key;
        IF found_hash <> p_hash THEN
            RAISE EXCEPTION 'ledger key % was posted with another content', p_key USING ERRCODE = 'LK001';
        END IF;
        RETURN;
    END IF;

    INSERT INTO account (name, kind, ref, keeps_balance, may_be_negative, balance, last_seq)
    SELECT n, split_part(n, ':', 1), split_part(n, ':', 2),
           split_part(n, ':', 1) NOT IN ('platform', 'provider'),
           split_part(n, ':', 1) IN ('provider', 'debt') OR n = 'platform:goodwill', 0, 0
    FROM unnest(p_accounts) AS n
    WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.name = n)
    ORDER BY n
    ON CONFLICT (name) DO NOTHING;

    PERFORM 1 FROM account a WHERE a.name = ANY (p_accounts) AND a.keeps_balance ORDER BY a.id FOR UPDATE;

    WITH line AS (
        SELECT n AS name, m AS amount FROM unnest(p_accounts, p_amounts) AS u(n, m)
    ), kept AS (
        UPDATE account a SET balance = a.balance + line.amount, last_seq = a.last_seq + 1
        FROM line WHERE a.name = line.name AND a.keeps_balance
        RETURNING a.id, line.amount, a.balance, a.last_seq
    )
    INSERT INTO ledger_entry (transaction_id, account_id, amount, balance_after, seq)
    SELECT ledger_post.transaction_id, kept.id, kept.amount, kept.balance, kept.last_seq FROM kept
    UNION ALL
    SELECT ledger_post.transaction_id, a.id, line.amount, NULL, NULL
    FROM line JOIN account a ON a.name = line.name WHERE NOT a.keeps_balance;
END $$
"""

# Guarantee 1: the whole transaction arrives in one statement and sums to zero.
BALANCED = """
CREATE FUNCTION ledger_entries_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added GROUP BY transaction_id HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'entries of a ledger transaction must sum to zero' USING ERRCODE = 'LK002';
    END IF;
    IF (SELECT count(*) FROM added) <> (
        SELECT count(*) FROM ledger_entry e WHERE e.transaction_id IN (SELECT transaction_id FROM added)
    ) THEN
        RAISE EXCEPTION 'a ledger transaction is complete once it is written' USING ERRCODE = 'LK002';
    END IF;
    RETURN NULL;
END $$
"""

# Guarantee 3 and L-10: what was written stays written.
APPEND_ONLY = """
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'LK003';
END $$
"""
APPEND_ONLY_TABLES = (
    "ledger_transaction",
    "ledger_entry",
    "ledger_checkpoint",
    "transition",
    "sale_terms",
    "answer_attempt",
)

# Guarantee 7: a row that money was promised for has its transaction when the database transaction commits.
PROMISED = {
    "purchase": """
        CASE NEW.state WHEN 'reserved' THEN 'purchase' WHEN 'refunded' THEN 'refund' ELSE 'release' END,
        NEW.price_minor > 0
    """,
    "withdrawal": """
        CASE NEW.state WHEN 'asked' THEN 'withdrawal' WHEN 'approved' THEN 'withdrawal'
        WHEN 'paid' THEN 'withdrawal_paid' ELSE 'withdrawal_returned' END, true
    """,
    "top_up": "'top_up', NEW.state = 'settled'",
}


def promised(table: str, wanted: str) -> str:
    """A trigger function that looks for the ledger transaction which the row's state promises."""
    return f"""
CREATE FUNCTION {table}_has_its_posting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
    owed boolean;
BEGIN
    SELECT {wanted} INTO wanted, owed;
    IF owed AND NOT EXISTS (
        SELECT 1 FROM ledger_transaction t WHERE t.{table}_id = NEW.id AND t.kind = wanted
    ) THEN
        RAISE EXCEPTION '{table} % has no % in the ledger', NEW.id, wanted USING ERRCODE = 'LK004';
    END IF;
    RETURN NULL;
END $$
"""


# The relay sleeps on this bell; its own polling is only the safety net.
BELL = """
CREATE FUNCTION outbox_bell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for function in (POST, BALANCED, APPEND_ONLY, BELL):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER balanced AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_balanced()"
    )
    for table in APPEND_ONLY_TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
    for table, wanted in PROMISED.items():
        op.execute(promised(table, wanted))
        columns = "state, price_minor" if table == "purchase" else "state"
        op.execute(
            f"CREATE CONSTRAINT TRIGGER has_its_posting AFTER INSERT OR UPDATE OF {columns} ON {table}"
            f" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {table}_has_its_posting()"
        )
    op.execute("CREATE TRIGGER bell AFTER INSERT ON outbox_event FOR EACH STATEMENT EXECUTE FUNCTION outbox_bell()")


def downgrade() -> None:
    op.execute("DROP TRIGGER bell ON outbox_event")
    for table in PROMISED:
        op.execute(f"DROP TRIGGER has_its_posting ON {table}")
        op.execute(f"DROP FUNCTION {table}_has_its_posting()")
    for table in APPEND_ONLY_TABLES:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP TRIGGER balanced ON ledger_entry")
    for function in ("outbox_bell()", "refuse_rewriting()", "ledger_entries_balanced()"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(
        "DROP FUNCTION ledger_post(text, bytea, text, timestamptz, bigint, bigint, bigint, bigint, text[], bigint[])"
    )
