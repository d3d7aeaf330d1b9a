import Storage

/// The relay's own tables; the ready-made ones of `Storage` come before them.
package enum RelaySchema {
    package static let migrations = [
        Migration(
            "relay-1-history",
            """
            CREATE TABLE event(
              sequence INTEGER PRIMARY KEY AUTOINCREMENT,
              id TEXT NOT NULL UNIQUE,
              type TEXT NOT NULL,
              subject TEXT,
              project_id TEXT,
              ticket_id TEXT,
              task_id TEXT,
              time INTEGER NOT NULL,
              received_at INTEGER NOT NULL,
              body BLOB NOT NULL
            ) STRICT;
            CREATE INDEX event_by_project ON event(project_id, sequence);
            CREATE INDEX event_by_ticket ON event(ticket_id, sequence) WHERE ticket_id IS NOT NULL;
            CREATE INDEX event_by_task ON event(task_id, sequence) WHERE task_id IS NOT NULL;
            CREATE INDEX event_by_type ON event(type, sequence);
            -- Events up to this sequence lie before a hole in the log: nobody may resume from one of them.
            CREATE TABLE resume_floor(
              singleton INTEGER PRIMARY KEY CHECK (singleton = 0),
              sequence INTEGER NOT NULL
            ) STRICT;
            INSERT INTO resume_floor(singleton, sequence) VALUES (0, 0);
            CREATE TABLE revoked_token(
              id TEXT PRIMARY KEY,
              expires_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE verification_key(
              singleton INTEGER PRIMARY KEY CHECK (singleton = 0),
              body BLOB NOT NULL
            ) STRICT;
            """
        )
    ]
}
