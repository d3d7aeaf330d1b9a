/// The table of slow effects.
enum EffectMigrations {
    static let effect = """
        CREATE TABLE effect (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            project_id TEXT REFERENCES project (id),
            request TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
            tries INTEGER NOT NULL CHECK (tries >= 0),
            -- not called before
            due_at INTEGER NOT NULL,
            answer TEXT,
            fault TEXT,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX effect_due ON effect (due_at, id) WHERE status = 'waiting';
        CREATE INDEX effect_open ON effect (subject, kind) WHERE status IN ('waiting', 'running');
        CREATE INDEX effect_finished ON effect (updated_at) WHERE status IN ('done', 'failed');
        """
}
