import Storage

/// The tables of specs.
enum SpecMigrations {
    static let all = [Migration("workflow-specs-1", specs)]

    private static let specs = """
        CREATE TABLE spec (
            id TEXT NOT NULL PRIMARY KEY,
            project_id TEXT NOT NULL REFERENCES project (id),
            -- the first task that writes the spec; what replaces it has the same lineage
            analysis_task_id TEXT REFERENCES task (id),
            deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
            version INTEGER NOT NULL CHECK (version > 0),
            -- the whole entity as JSON: requirements, criteria and design are inside it
            body TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX spec_analysis ON spec (analysis_task_id) WHERE analysis_task_id IS NOT NULL;

        CREATE TABLE spec_ticket (
            ticket_id TEXT NOT NULL REFERENCES ticket (id),
            spec_id TEXT NOT NULL REFERENCES spec (id),
            PRIMARY KEY (ticket_id, spec_id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE spec_version (
            spec_id TEXT NOT NULL REFERENCES spec (id),
            number INTEGER NOT NULL CHECK (number > 0),
            -- the row as JSON, without its snapshot
            body TEXT NOT NULL,
            -- the spec as JSON; dropped from old versions
            snapshot TEXT,
            PRIMARY KEY (spec_id, number)
        ) STRICT, WITHOUT ROWID;
        """
}
