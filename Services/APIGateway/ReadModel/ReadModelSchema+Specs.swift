import Storage

extension ReadModelSchema {
    /// Specs, and the lineage of tasks by which a spec finds those that did its work again.
    static let specs = Migration(
        "specs",
        """
        CREATE TABLE spec (
            id TEXT PRIMARY KEY NOT NULL,
            version INTEGER NOT NULL,
            project_id TEXT NOT NULL,
            status TEXT NOT NULL,
            deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX spec_by_project ON spec (project_id, id, status) WHERE deleted = 0;

        ALTER TABLE task ADD COLUMN lineage_id TEXT NOT NULL DEFAULT '';
        UPDATE task SET lineage_id = coalesce(json_extract(CAST(body AS TEXT), '$.lineage_id'), id);
        CREATE INDEX task_by_lineage ON task (lineage_id);
        """
    )

    /// What results brought, added up per spec. Rows written before it are rebuilt.
    static let figures = Migration(
        "figures of results",
        """
        ALTER TABLE result ADD COLUMN lines_added INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE result ADD COLUMN lines_removed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE result ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE result ADD COLUMN checks_passed INTEGER NOT NULL DEFAULT 0;
        """
    )
}
