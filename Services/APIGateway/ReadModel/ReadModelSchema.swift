import Storage

/// The tables of the read model. Rows are id, version, the columns that queries filter and sort by, and the entity's
/// JSON as it was received; the body comes last, so that filters never touch its overflow pages.
enum ReadModelSchema {
    static let migrations: [Migration] = [
        Migration("read model", entities + counts + labels + edges),
        specs,
        search,
        origin,
        reviews,
        figures,
    ]

    /// Tables that a rebuild empties.
    static let tables = [
        "project", "spec", "ticket", "ticket_label", "task", "task_dependency", "attempt", "transition", "result",
        "sandbox", "token", "board_count",
    ]

    private static let entities = """
        CREATE TABLE project (
            id TEXT PRIMARY KEY NOT NULL,
            version INTEGER NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
            name TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT;

        CREATE TABLE ticket (
            id TEXT PRIMARY KEY NOT NULL,
            version INTEGER NOT NULL,
            project_id TEXT NOT NULL,
            key TEXT NOT NULL,
            status TEXT NOT NULL,
            phase TEXT NOT NULL,
            priority TEXT NOT NULL,
            archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
            -- Blocked by other tickets, which does not count against the column's limit.
            waiting INTEGER NOT NULL CHECK (waiting IN (0, 1)),
            -- Position inside its column, smallest first.
            board_rank INTEGER NOT NULL,
            labels TEXT NOT NULL,
            card BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX ticket_by_key ON ticket (key, id);
        CREATE INDEX ticket_by_project ON ticket (project_id, id, status, phase, priority) WHERE archived = 0;
        CREATE INDEX ticket_by_status ON ticket (status, id, phase, priority) WHERE archived = 0;
        CREATE INDEX ticket_on_board ON ticket (project_id, status, board_rank, id, priority) WHERE archived = 0;
        CREATE INDEX ticket_on_any_board ON ticket (status, board_rank, id, priority) WHERE archived = 0;

        CREATE TABLE task (
            id TEXT PRIMARY KEY NOT NULL,
            version INTEGER NOT NULL,
            ticket_id TEXT NOT NULL,
            project_id TEXT NOT NULL,
            status TEXT NOT NULL,
            phase TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            sandbox_id TEXT,
            depends_on TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX task_by_ticket ON task (ticket_id, id, status, phase);
        CREATE INDEX task_by_project ON task (project_id, id, status, phase);
        CREATE INDEX task_by_status ON task (status, id, phase);
        CREATE INDEX task_by_phase ON task (phase, id, status);
        CREATE INDEX task_by_sandbox ON task (sandbox_id) WHERE sandbox_id IS NOT NULL;

        CREATE TABLE attempt (
            id TEXT PRIMARY KEY NOT NULL,
            -- Version of the task at which the attempt looked like this.
            version INTEGER NOT NULL,
            task_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX attempt_by_task ON attempt (task_id, number);

        CREATE TABLE transition (
            id TEXT PRIMARY KEY NOT NULL,
            ticket_id TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX transition_by_ticket ON transition (ticket_id, id);

        CREATE TABLE result (
            id TEXT PRIMARY KEY NOT NULL,
            version INTEGER NOT NULL,
            task_id TEXT NOT NULL,
            ticket_id TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            status TEXT NOT NULL,
            applied INTEGER NOT NULL CHECK (applied IN (0, 1)),
            summary TEXT NOT NULL
        ) STRICT;
        CREATE INDEX result_by_task ON result (task_id, attempt);

        CREATE TABLE sandbox (
            id TEXT PRIMARY KEY NOT NULL,
            version INTEGER NOT NULL,
            state TEXT NOT NULL,
            project_id TEXT,
            task_id TEXT,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX sandbox_by_state ON sandbox (state, id);
        CREATE INDEX sandbox_by_project ON sandbox (project_id, id, state);
        CREATE INDEX sandbox_by_task ON sandbox (task_id, id);

        CREATE TABLE token (
            id TEXT PRIMARY KEY NOT NULL,
            version INTEGER NOT NULL,
            revoked INTEGER NOT NULL CHECK (revoked IN (0, 1)),
            expires_at INTEGER NOT NULL,
            project_id TEXT,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX token_revoked ON token (expires_at) WHERE revoked = 1;

        -- The workflow's public key, kept so that tokens can be verified while the workflow is away.
        CREATE TABLE verification_key (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            body BLOB NOT NULL
        ) STRICT;

        """

    /// Tickets per project and column, kept by triggers, so that a board never counts rows.
    private static let counts = """
        CREATE TABLE board_count (
            project_id TEXT NOT NULL,
            status TEXT NOT NULL,
            total INTEGER NOT NULL,
            -- Without those that wait for other tickets.
            counted INTEGER NOT NULL,
            PRIMARY KEY (project_id, status)
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER ticket_counted AFTER INSERT ON ticket WHEN NEW.archived = 0 BEGIN
            INSERT INTO board_count VALUES (NEW.project_id, NEW.status, 1, 1 - NEW.waiting)
            ON CONFLICT DO UPDATE SET total = total + 1, counted = counted + excluded.counted;
        END;
        CREATE TRIGGER ticket_moved AFTER UPDATE OF project_id, status, archived, waiting ON ticket
        WHEN OLD.status <> NEW.status OR OLD.archived <> NEW.archived OR OLD.waiting <> NEW.waiting
            OR OLD.project_id <> NEW.project_id BEGIN
            UPDATE board_count SET total = total - 1, counted = counted - (1 - OLD.waiting)
            WHERE OLD.archived = 0 AND project_id = OLD.project_id AND status = OLD.status;
            INSERT INTO board_count SELECT NEW.project_id, NEW.status, 1, 1 - NEW.waiting WHERE NEW.archived = 0
            ON CONFLICT DO UPDATE SET total = total + 1, counted = counted + excluded.counted;
        END;

        """

    private static let labels = """
        CREATE TABLE ticket_label (
            label TEXT NOT NULL,
            ticket_id TEXT NOT NULL,
            PRIMARY KEY (label, ticket_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ticket_label_by_ticket ON ticket_label (ticket_id);

        CREATE TRIGGER ticket_labelled AFTER INSERT ON ticket WHEN NEW.labels <> '[]' BEGIN
            INSERT OR IGNORE INTO ticket_label SELECT value, NEW.id FROM json_each(NEW.labels);
        END;
        CREATE TRIGGER ticket_relabelled AFTER UPDATE OF labels ON ticket WHEN OLD.labels <> NEW.labels BEGIN
            DELETE FROM ticket_label WHERE ticket_id = NEW.id;
            INSERT OR IGNORE INTO ticket_label SELECT value, NEW.id FROM json_each(NEW.labels);
        END;

        """

    private static let edges = """
        CREATE TABLE task_dependency (
            depends_on TEXT NOT NULL,
            task_id TEXT NOT NULL,
            PRIMARY KEY (depends_on, task_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX task_dependency_by_task ON task_dependency (task_id);

        CREATE TRIGGER task_linked AFTER INSERT ON task WHEN NEW.depends_on <> '[]' BEGIN
            INSERT OR IGNORE INTO task_dependency SELECT value, NEW.id FROM json_each(NEW.depends_on);
        END;
        CREATE TRIGGER task_relinked AFTER UPDATE OF depends_on ON task WHEN OLD.depends_on <> NEW.depends_on BEGIN
            DELETE FROM task_dependency WHERE task_id = NEW.id;
            INSERT OR IGNORE INTO task_dependency SELECT value, NEW.id FROM json_each(NEW.depends_on);
        END;
        """
}
