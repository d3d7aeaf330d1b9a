import Storage

/// Tables ServiceKit keeps in a service's store: to be listed before the service's own migrations.
package enum ServiceMigrations {
    /// For every service with a ``FactServer``.
    package static let all = [
        Migration(
            "service-kit-1-parked-message",
            """
            CREATE TABLE parked_message (
                id INTEGER PRIMARY KEY,
                source TEXT NOT NULL,
                type TEXT NOT NULL,
                message_id TEXT NOT NULL,
                headers TEXT NOT NULL,
                body BLOB NOT NULL,
                attempts INTEGER NOT NULL CHECK (attempts > 0),
                next_at INTEGER NOT NULL,
                error TEXT NOT NULL,
                at INTEGER NOT NULL,
                UNIQUE (source, message_id)
            ) STRICT;
            CREATE INDEX parked_message_next_at ON parked_message (next_at);
            """
        )
    ]
}
