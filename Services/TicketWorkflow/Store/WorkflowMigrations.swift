import Storage

/// The tables of everything the ticket workflow owns. A shipped migration is never edited; changes are new ones.
enum WorkflowMigrations {
    static let all =
        [
            Migration("workflow-1-project", project),
            Migration("workflow-2-ticket", ticket),
            Migration("workflow-3-task", task),
            Migration("workflow-4-attempt", attempt),
            Migration("workflow-5-load", load),
            Migration("workflow-6-access", access),
            Migration("workflow-7-effect", EffectMigrations.effect),
            DuplicateMigrations.document,
            TicketMigrations.rules,
        ] + TaskMigrations.all + SpecMigrations.all + [GitHubMigrations.connection, DuplicateMigrations.embedding]

    private static let project = """
        CREATE TABLE project (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 2 AND 10),
            description TEXT,
            repository TEXT,
            default_branch TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
            settings TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            -- number of the newest ticket; not part of the entity, so no version counts it
            last_ticket INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """

    private static let ticket = """
        CREATE TABLE ticket (
            id TEXT NOT NULL PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            project_id TEXT NOT NULL REFERENCES project (id),
            title TEXT NOT NULL,
            description TEXT,
            phase TEXT NOT NULL,
            status TEXT NOT NULL GENERATED ALWAYS AS (
                CASE phase
                    WHEN 'PHASE_BACKLOG' THEN 'backlog'
                    WHEN 'PHASE_REQUIREMENTS' THEN 'analyzing'
                    WHEN 'PHASE_DESIGN' THEN 'analyzing'
                    WHEN 'PHASE_IMPLEMENTATION' THEN 'building'
                    WHEN 'PHASE_BUILDING_DONE' THEN 'building-done'
                    WHEN 'PHASE_TESTING' THEN 'testing'
                    WHEN 'PHASE_DONE' THEN 'done'
                END) VIRTUAL,
            priority TEXT NOT NULL CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')),
            approval_status TEXT NOT NULL,
            block TEXT,
            blocked_by TEXT NOT NULL,
            labels TEXT NOT NULL,
            auto_start INTEGER NOT NULL CHECK (auto_start IN (0, 1)),
            round INTEGER NOT NULL CHECK (round > 0),
            archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
            task_count INTEGER NOT NULL CHECK (task_count >= 0),
            completed_task_count INTEGER NOT NULL CHECK (completed_task_count >= 0),
            version INTEGER NOT NULL CHECK (version > 0),
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            entered_phase_at INTEGER NOT NULL,
            -- takes a place in its column: not archived and not waiting for other tickets
            is_counted INTEGER NOT NULL CHECK (is_counted IN (0, 1)),
            -- the column it would move to if there were room, and its place among those that want the same
            wanted TEXT,
            wanted_rank INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX ticket_wanted ON ticket (project_id, wanted, wanted_rank, id) WHERE wanted IS NOT NULL;

        CREATE TABLE ticket_blocker (
            ticket_id TEXT NOT NULL REFERENCES ticket (id),
            blocker_id TEXT NOT NULL REFERENCES ticket (id),
            PRIMARY KEY (ticket_id, blocker_id),
            CHECK (ticket_id <> blocker_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ticket_blocker_blocker ON ticket_blocker (blocker_id);

        CREATE TABLE transition (
            id TEXT NOT NULL PRIMARY KEY,
            ticket_id TEXT NOT NULL REFERENCES ticket (id),
            from_phase TEXT NOT NULL,
            to_phase TEXT NOT NULL,
            cause TEXT NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT,
            at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX transition_ticket ON transition (ticket_id, id);
        """

    private static let task = """
        CREATE TABLE task (
            id TEXT NOT NULL PRIMARY KEY,
            ticket_id TEXT NOT NULL REFERENCES ticket (id),
            project_id TEXT NOT NULL REFERENCES project (id),
            phase TEXT NOT NULL
                CHECK (phase IN ('PHASE_REQUIREMENTS', 'PHASE_DESIGN', 'PHASE_IMPLEMENTATION', 'PHASE_TESTING')),
            task_type TEXT NOT NULL,
            title TEXT NOT NULL,
            description TEXT NOT NULL,
            priority TEXT NOT NULL CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')),
            status TEXT NOT NULL CHECK (
                status IN ('pending', 'assigned', 'running', 'completed', 'failed', 'timed_out', 'cancelled')),
            depends_on TEXT NOT NULL,
            sandbox_id TEXT,
            attempt INTEGER NOT NULL CHECK (attempt >= 0),
            counted_failures INTEGER NOT NULL CHECK (counted_failures >= 0),
            platform_losses INTEGER NOT NULL CHECK (platform_losses >= 0),
            max_attempts INTEGER NOT NULL CHECK (max_attempts > 0),
            timeout_seconds INTEGER,
            deadline_at INTEGER,
            ready_at INTEGER,
            not_before INTEGER,
            round INTEGER NOT NULL CHECK (round > 0),
            lineage_id TEXT NOT NULL,
            result_id TEXT,
            summary TEXT,
            error TEXT,
            branch TEXT,
            head TEXT,
            sandbox_stopped INTEGER NOT NULL CHECK (sandbox_stopped IN (0, 1)),
            version INTEGER NOT NULL CHECK (version > 0),
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            started_at INTEGER,
            completed_at INTEGER,
            -- the highest fence given out or raised by a cancel; only ever grows
            fence INTEGER NOT NULL DEFAULT 0,
            -- dependencies that are not completed
            open_dependencies INTEGER NOT NULL DEFAULT 0 CHECK (open_dependencies >= 0),
            -- counts for its ticket: of the current round and not replaced by a retry
            is_current INTEGER NOT NULL DEFAULT 1 CHECK (is_current IN (0, 1)),
            claim_rank INTEGER NOT NULL DEFAULT 0,
            is_urgent INTEGER NOT NULL DEFAULT 0 CHECK (is_urgent IN (0, 1))
        ) STRICT;
        CREATE INDEX task_ticket ON task (ticket_id, is_current, phase, status, open_dependencies);
        CREATE INDEX task_claim ON task (project_id, is_urgent DESC, claim_rank, id)
            WHERE status = 'pending' AND ready_at IS NOT NULL;
        CREATE INDEX task_ready ON task (ticket_id) WHERE status = 'pending' AND ready_at IS NOT NULL;

        CREATE TABLE task_dependency (
            task_id TEXT NOT NULL REFERENCES task (id),
            depends_on_id TEXT NOT NULL REFERENCES task (id),
            PRIMARY KEY (task_id, depends_on_id),
            CHECK (task_id <> depends_on_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX task_dependency_reverse ON task_dependency (depends_on_id);
        """

    private static let attempt = """
        CREATE TABLE attempt (
            id TEXT NOT NULL PRIMARY KEY,
            task_id TEXT NOT NULL REFERENCES task (id),
            number INTEGER NOT NULL CHECK (number > 0),
            fence INTEGER NOT NULL CHECK (fence > 0),
            sandbox_id TEXT NOT NULL UNIQUE,
            orchestrator TEXT NOT NULL,
            status TEXT NOT NULL CHECK (
                status IN ('open', 'completed', 'failed', 'lost', 'cancelled', 'timed_out')),
            fault_domain TEXT,
            error TEXT,
            late INTEGER NOT NULL CHECK (late IN (0, 1)),
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            UNIQUE (task_id, number)
        ) STRICT;
        CREATE UNIQUE INDEX attempt_open ON attempt (task_id) WHERE status = 'open';
        CREATE INDEX attempt_orchestrator ON attempt (orchestrator) WHERE status = 'open';

        CREATE TABLE result (
            id TEXT NOT NULL PRIMARY KEY,
            task_id TEXT NOT NULL REFERENCES task (id),
            attempt INTEGER NOT NULL CHECK (attempt > 0),
            -- the result as events carry it
            body TEXT NOT NULL,
            -- what the sandbox was told, and whether that was a refusal; a repeated report gets the same
            answer TEXT NOT NULL,
            is_refused INTEGER NOT NULL CHECK (is_refused IN (0, 1)),
            created_at INTEGER NOT NULL,
            UNIQUE (task_id, attempt)
        ) STRICT;
        """

    /// Counters kept by triggers, so that neither a claim nor a move counts rows.
    private static let load = """
        CREATE TABLE project_load (
            project_id TEXT NOT NULL PRIMARY KEY REFERENCES project (id),
            active INTEGER NOT NULL CHECK (active IN (0, 1)),
            concurrency INTEGER NOT NULL,
            open_tasks INTEGER NOT NULL DEFAULT 0 CHECK (open_tasks >= 0),
            ready_tasks INTEGER NOT NULL DEFAULT 0 CHECK (ready_tasks >= 0)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX project_load_claimable ON project_load (project_id)
            WHERE active = 1 AND ready_tasks > 0 AND open_tasks < concurrency;

        CREATE TRIGGER task_load AFTER UPDATE OF status, ready_at ON task
        WHEN (old.status IN ('assigned', 'running')) <> (new.status IN ('assigned', 'running'))
            OR (old.status = 'pending' AND old.ready_at IS NOT NULL)
                <> (new.status = 'pending' AND new.ready_at IS NOT NULL)
        BEGIN
            UPDATE project_load SET
                open_tasks = open_tasks
                    + (new.status IN ('assigned', 'running')) - (old.status IN ('assigned', 'running')),
                ready_tasks = ready_tasks
                    + (new.status = 'pending' AND new.ready_at IS NOT NULL)
                    - (old.status = 'pending' AND old.ready_at IS NOT NULL)
            WHERE project_id = new.project_id;
        END;

        CREATE TABLE column_load (
            project_id TEXT NOT NULL REFERENCES project (id),
            status TEXT NOT NULL,
            tickets INTEGER NOT NULL CHECK (tickets >= 0),
            PRIMARY KEY (project_id, status)
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER ticket_load_insert AFTER INSERT ON ticket WHEN new.is_counted
        BEGIN
            INSERT INTO column_load VALUES (new.project_id, new.status, 1)
                ON CONFLICT DO UPDATE SET tickets = tickets + 1;
        END;

        CREATE TRIGGER ticket_load_update AFTER UPDATE OF phase, is_counted ON ticket
        WHEN old.phase <> new.phase OR old.is_counted <> new.is_counted
        BEGIN
            UPDATE column_load SET tickets = tickets - old.is_counted
                WHERE project_id = old.project_id AND status = old.status;
            INSERT INTO column_load VALUES (new.project_id, new.status, new.is_counted)
                ON CONFLICT DO UPDATE SET tickets = tickets + new.is_counted;
        END;
        """

    private static let access = """
        CREATE TABLE token (
            id TEXT NOT NULL PRIMARY KEY,
            subject TEXT NOT NULL,
            scope TEXT NOT NULL,
            project_id TEXT REFERENCES project (id),
            issued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            revoked INTEGER NOT NULL CHECK (revoked IN (0, 1)),
            version INTEGER NOT NULL CHECK (version > 0)
        ) STRICT;

        CREATE TABLE secret (
            name TEXT NOT NULL PRIMARY KEY,
            value BLOB NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;
        """
}
