extension Store {
    /// The tables every store has, before the service's own.
    static let tables: [Migration] = [
        Migration(
            "storage-1",
            """
            -- Answers to commands that came with an idempotency key. Row order is the order of arrival.
            CREATE TABLE inbox (
                sequence INTEGER PRIMARY KEY,
                scope TEXT NOT NULL,
                key TEXT NOT NULL,
                digest TEXT NOT NULL,
                reply BLOB NOT NULL,
                reply_type TEXT NOT NULL,
                at INTEGER NOT NULL,
                UNIQUE (scope, key)
            ) STRICT;

            -- Append-only; row order is commit order, numbers are never reused.
            CREATE TABLE outbox (
                sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL,
                exchange TEXT NOT NULL,
                routing_key TEXT NOT NULL,
                content_type TEXT NOT NULL,
                headers TEXT NOT NULL,
                body BLOB NOT NULL,
                type TEXT NOT NULL,
                at INTEGER NOT NULL
            ) STRICT;

            -- Everything up to here is confirmed by the broker.
            CREATE TABLE relay_position (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                sequence INTEGER NOT NULL CHECK (sequence >= 0)
            ) STRICT;
            INSERT INTO relay_position (id, sequence) VALUES (1, 0);

            CREATE TABLE timer (
                kind TEXT NOT NULL,
                key TEXT NOT NULL,
                due INTEGER NOT NULL,
                generation INTEGER NOT NULL,
                PRIMARY KEY (kind, key)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX timer_due ON timer (due);

            CREATE TABLE dead_letter (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                source TEXT NOT NULL,
                type TEXT NOT NULL,
                reason TEXT NOT NULL,
                message_id TEXT,
                headers TEXT NOT NULL,
                body BLOB NOT NULL,
                at INTEGER NOT NULL,
                replays INTEGER NOT NULL DEFAULT 0 CHECK (replays >= 0)
            ) STRICT;

            -- Last message of a stream that was applied, in the same transaction as what it changed.
            CREATE TABLE follower_position (
                stream TEXT PRIMARY KEY,
                message_offset INTEGER NOT NULL,
                event_id TEXT
            ) STRICT, WITHOUT ROWID;
            """
        )
    ]
}
