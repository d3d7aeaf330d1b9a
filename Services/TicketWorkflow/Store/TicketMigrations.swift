import Storage

/// What the rules of tickets store beside the ticket itself.
enum TicketMigrations {
    static let rules = Migration("tickets-1-rules", rulesSQL)

    private static let rulesSQL = """
        ALTER TABLE ticket ADD COLUMN previous_phase TEXT;
        ALTER TABLE ticket ADD COLUMN spec_id TEXT;
        ALTER TABLE ticket ADD COLUMN waiting_for TEXT;
        ALTER TABLE ticket ADD COLUMN review TEXT;
        ALTER TABLE ticket ADD COLUMN context TEXT;
        ALTER TABLE ticket ADD COLUMN context_summary TEXT;
        ALTER TABLE ticket ADD COLUMN artifacts TEXT;
        -- the tickets that may turn out to stand still, the longest untouched first
        CREATE INDEX ticket_idle ON ticket (project_id, updated_at)
            WHERE phase NOT IN ('PHASE_BACKLOG', 'PHASE_DONE') AND archived = 0 AND block IS NULL;

        CREATE TABLE artifact (
            id TEXT NOT NULL PRIMARY KEY,
            ticket_id TEXT NOT NULL REFERENCES ticket (id),
            phase TEXT NOT NULL,
            type TEXT NOT NULL,
            path TEXT,
            content TEXT,
            round INTEGER NOT NULL CHECK (round > 0),
            result_id TEXT,
            collected_by TEXT NOT NULL,
            collected_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX artifact_ticket ON artifact (ticket_id, id);

        INSERT INTO timer (kind, key, due, generation) SELECT 'project.blocking', id, 0, 0 FROM project;
        """
}
