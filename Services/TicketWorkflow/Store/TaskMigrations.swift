import Storage

/// What tasks and results got after the first tables.
enum TaskMigrations {
    static let all = [
        Migration("workflow-task-2", columns), Migration("workflow-result-2", results),
        Migration("workflow-report", reports),
    ]

    private static let columns = """
        ALTER TABLE task ADD COLUMN attempt_deadline_at INTEGER;
        ALTER TABLE task ADD COLUMN not_before_cause TEXT
            CHECK (not_before_cause IN ('agent', 'task', 'sandbox', 'platform', 'provider-limit'));
        ALTER TABLE task ADD COLUMN rework_of TEXT;
        ALTER TABLE task ADD COLUMN conversation_id TEXT;
        ALTER TABLE task ADD COLUMN persistence_dir TEXT;
        ALTER TABLE task ADD COLUMN title_source TEXT CHECK (title_source IN ('derived', 'model'));
        -- what was called the deadline was the attempt's
        UPDATE task SET attempt_deadline_at = deadline_at, deadline_at = NULL;
        CREATE INDEX task_lineage ON task (lineage_id);
        """

    private static let reports = """
        CREATE TABLE report (
            id TEXT NOT NULL PRIMARY KEY,
            project_id TEXT NOT NULL REFERENCES project (id),
            ticket_id TEXT NOT NULL REFERENCES ticket (id),
            task_id TEXT REFERENCES task (id),
            body TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0)
        ) STRICT;
        CREATE INDEX report_ticket ON report (ticket_id, id);
        CREATE INDEX report_task ON report (task_id, id) WHERE task_id IS NOT NULL;
        """

    private static let results = """
        CREATE INDEX result_task ON result (task_id, id);
        ALTER TABLE result ADD COLUMN ticket_id TEXT REFERENCES ticket (id);
        UPDATE result SET ticket_id = (SELECT ticket_id FROM task WHERE task.id = task_id);
        CREATE INDEX result_ticket ON result (ticket_id, id);
        """
}
