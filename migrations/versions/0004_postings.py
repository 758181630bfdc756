"""Money, whole: what the database does and refuses by itself: debts, many postings at once, promised corrections."""

from alembic import context, op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# `due:<user>` stands for what the house and a user owe each other: money that comes pays the debt first, money that is
# taken leaves *available* as far as it goes and becomes debt for the rest. Whoever changes a debt holds the lock of
# that user's *available*, so the debt's own row needs no place in the order of locks.
POST = """
CREATE FUNCTION ledger_post(
    p_key text, p_hash bytea, p_kind text, p_at timestamptz, p_actor bigint, p_purchase bigint, p_withdrawal bigint,
    p_top_up bigint, p_correction bigint, p_accounts text[], p_amounts bigint[],
    OUT transaction_id bigint, OUT replayed boolean
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    found_hash bytea;
    names text[] := p_accounts;
    amounts bigint[] := p_amounts;
    person text;
    has bigint;
    owes bigint;
    to_debt bigint;
BEGIN
    INSERT INTO ledger_transaction AS t
        (key, request_hash, kind, at, actor_id, purchase_id, withdrawal_id, top_up_id, correction_id)
    VALUES (p_key, p_hash, p_kind, p_at, p_actor, p_purchase, p_withdrawal, p_top_up, p_correction)
    ON CONFLICT (key) DO NOTHING RETURNING t.id INTO transaction_id;
    replayed := transaction_id IS NULL;
    IF replayed THEN
        SELECT t.id, t.request_hash INTO transaction_id, found_hash FROM ledger_transaction t WHERE t.key = p_key;
        IF found_hash <> p_hash THEN
            RAISE EXCEPTION 'ledger key % was posted with another content', p_key USING ERRCODE = 'LK001';
        END IF;
        RETURN;
    END IF;

    FOR i IN 1 .. cardinality(p_accounts) LOOP
        IF p_accounts[i] LIKE 'due:%' THEN
            names[i] := 'available:' || split_part(p_accounts[i], ':', 2);
        END IF;
    END LOOP;
    PERFORM ledger_open(names);
    PERFORM 1 FROM account a WHERE a.name = ANY (names) AND a.keeps_balance ORDER BY a.id FOR UPDATE;
    FOR i IN 1 .. cardinality(p_accounts) LOOP
        CONTINUE WHEN p_accounts[i] NOT LIKE 'due:%';
        person := split_part(p_accounts[i], ':', 2);
        SELECT a.balance INTO has FROM account a WHERE a.name = names[i];
        SELECT -a.balance INTO owes FROM account a WHERE a.name = 'debt:' || person;
        to_debt := CASE WHEN amounts[i] > 0 THEN least(amounts[i], coalesce(owes, 0))
                        ELSE least(amounts[i] + has, 0) END;
        CONTINUE WHEN to_debt = 0;
        PERFORM ledger_open(ARRAY['debt:' || person]);
        amounts[i] := amounts[i] - to_debt;
        names := names || ('debt:' || person);
        amounts := amounts || to_debt;
    END LOOP;

    WITH line AS (
        SELECT n AS name, m AS amount FROM unnest(names, amounts) AS u(n, m) WHERE m <> 0
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

OPEN = """
CREATE FUNCTION ledger_open(p_names text[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    INSERT INTO account (name, kind, ref, keeps_balance, may_be_negative, balance, last_seq)
    SELECT n, split_part(n, ':', 1), split_part(n, ':', 2),
           split_part(n, ':', 1) NOT IN ('platform', 'provider'),
           split_part(n, ':', 1) IN ('provider', 'debt') OR n = 'platform:goodwill', 0, 0
    FROM unnest(p_names) AS n
    WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.name = n)
    ORDER BY n
    ON CONFLICT (name) DO NOTHING;
END $$
"""

# Many postings about purchases in one round trip, for sweeps: `p_numbers` says which posting a line belongs to.
# A `due` line may only bring money here; what several bring to one debtor pays the debt in the order of the postings.
POST_MANY = """
CREATE FUNCTION ledger_post_many(
    p_kind text, p_at timestamptz, p_actor bigint, p_keys text[], p_hashes bytea[], p_purchases bigint[],
    p_numbers integer[], p_accounts text[], p_amounts bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    names text[];
    fresh bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM unnest(p_accounts, p_amounts) AS u(n, m) WHERE n LIKE 'due:%' AND m < 0) THEN
        RAISE EXCEPTION 'many postings cannot take from what is due';
    END IF;
    IF EXISTS (
        SELECT 1 FROM unnest(p_keys, p_hashes) AS u(k, h)
        JOIN ledger_transaction t ON t.key = k WHERE t.request_hash <> h
    ) THEN
        RAISE EXCEPTION 'a ledger key was posted with another content' USING ERRCODE = 'LK001';
    END IF;
    SELECT array_agg(DISTINCT CASE WHEN n LIKE 'due:%' THEN 'available:' || split_part(n, ':', 2) ELSE n END)
        INTO names FROM unnest(p_accounts) AS n;
    PERFORM ledger_open(names);
    PERFORM 1 FROM account a WHERE a.name = ANY (names) AND a.keeps_balance ORDER BY a.id FOR UPDATE;

    WITH posting AS (
        SELECT * FROM unnest(p_keys, p_hashes, p_purchases) WITH ORDINALITY AS u(key, hash, purchase_id, number)
    ), written AS (
        INSERT INTO ledger_transaction (key, request_hash, kind, at, actor_id, purchase_id)
        SELECT key, hash, p_kind, p_at, p_actor, purchase_id FROM posting ORDER BY number
        ON CONFLICT (key) DO NOTHING RETURNING id, key
    ), wish AS (
        SELECT written.id AS transaction_id, posting.number, u.amount, split_part(u.name, ':', 1) = 'due' AS is_due,
               split_part(u.name, ':', 2) AS ref, u.name
        FROM unnest(p_numbers, p_accounts, p_amounts) AS u(number, name, amount)
        JOIN posting ON posting.number = u.number
        JOIN written ON written.key = posting.key
        WHERE u.amount <> 0
    ), owed AS (
        SELECT wish.*, coalesce(-debt.balance, 0) AS owes,
               sum(wish.amount) OVER (PARTITION BY wish.ref ORDER BY wish.number) - wish.amount AS brought_before
        FROM wish LEFT JOIN account debt ON debt.name = 'debt:' || wish.ref
        WHERE wish.is_due
    ), split AS (
        SELECT owed.*, least(amount, greatest(owes - brought_before, 0)) AS to_debt FROM owed
    ), line AS (
        SELECT transaction_id, number, name, amount FROM wish WHERE NOT is_due
        UNION ALL
        SELECT transaction_id, number, 'debt:' || ref, to_debt FROM split WHERE to_debt > 0
        UNION ALL
        SELECT transaction_id, number, 'available:' || ref, amount - to_debt FROM split WHERE amount > to_debt
    ), placed AS (
        SELECT line.*, a.id AS account_id, a.keeps_balance, a.balance, a.last_seq,
               sum(line.amount) OVER (PARTITION BY a.id ORDER BY line.number) AS so_far,
               row_number() OVER (PARTITION BY a.id ORDER BY line.number) AS place
        FROM line JOIN account a ON a.name = line.name
    ), kept AS (
        UPDATE account a SET balance = a.balance + sums.amount, last_seq = a.last_seq + sums.entries
        FROM (SELECT account_id, sum(amount) AS amount, count(*) AS entries FROM placed WHERE keeps_balance GROUP BY 1)
            AS sums
        WHERE a.id = sums.account_id
    ), entries AS (
        INSERT INTO ledger_entry (transaction_id, account_id, amount, balance_after, seq)
        SELECT transaction_id, account_id, amount,
               CASE WHEN keeps_balance THEN balance + so_far END, CASE WHEN keeps_balance THEN last_seq + place END
        FROM placed ORDER BY number
    )
    SELECT count(*) INTO fresh FROM written;
    RETURN fresh;
END $$
"""

OLD_POST_ARGUMENTS = "text, bytea, text, timestamptz, bigint, bigint, bigint, bigint, text[], bigint[]"
POST_MANY_ARGUMENTS = "text, timestamptz, bigint, text[], bytea[], bigint[], integer[], text[], bigint[]"
POST_ARGUMENTS = "text, bytea, text, timestamptz, bigint, bigint, bigint, bigint, bigint, text[], bigint[]"

PROMISED = {
    "purchase": """
        CASE NEW.state WHEN 'reserved' THEN 'purchase' WHEN 'refunded' THEN 'refund'
            WHEN 'clawed_back' THEN 'clawback' ELSE 'release' END,
        NEW.price_minor > 0
    """,
    "withdrawal": """
        CASE NEW.state WHEN 'asked' THEN 'withdrawal' WHEN 'approved' THEN 'withdrawal'
        WHEN 'paid' THEN 'withdrawal_paid' WHEN 'bounced' THEN 'payout_bounced' ELSE 'withdrawal_returned' END, true
    """,
    "top_up": """
        CASE NEW.state WHEN 'charged_back' THEN 'chargeback' ELSE 'top_up' END, NEW.state IN ('settled', 'charged_back')
    """,
    "correction": "'correction', NEW.state = 'posted'",
}


def promised(table: str, wanted: str) -> str:
    """A trigger function that looks for the ledger transaction which the row's state promises."""
    return f"""
CREATE OR REPLACE FUNCTION {table}_has_its_posting() RETURNS trigger LANGUAGE plpgsql AS $$
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


def upgrade() -> None:
    op.execute(f"DROP FUNCTION ledger_post({OLD_POST_ARGUMENTS})")
    for function in (OPEN, POST, POST_MANY, *(promised(table, wanted) for table, wanted in PROMISED.items())):
        op.execute(function)
    op.execute(
        "CREATE CONSTRAINT TRIGGER has_its_posting AFTER INSERT OR UPDATE OF state ON correction"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION correction_has_its_posting()"
    )


def downgrade() -> None:
    before = context.script.get_revision("0002").module
    op.execute("DROP TRIGGER has_its_posting ON correction")
    for table in PROMISED:
        wanted = before.PROMISED.get(table)
        op.execute(promised(table, wanted) if wanted else f"DROP FUNCTION {table}_has_its_posting()")
    op.execute(f"DROP FUNCTION ledger_post_many({POST_MANY_ARGUMENTS})")
    op.execute(f"DROP FUNCTION ledger_post({POST_ARGUMENTS})")
    op.execute("DROP FUNCTION ledger_open(text[])")
    op.execute(before.POST)
