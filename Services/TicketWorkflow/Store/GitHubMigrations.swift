import Storage

/// The tables of connections to GitHub. Their secrets are in the table `secret`.
enum GitHubMigrations {
    static let connection = Migration(
        "github-1-connection",
        """
        CREATE TABLE github_connection (
            project_id TEXT NOT NULL PRIMARY KEY REFERENCES project (id),
            owner TEXT NOT NULL,
            repo TEXT NOT NULL,
            -- owner/repo in lower case: GitHub does not tell them apart either
            full_name TEXT NOT NULL,
            connected INTEGER NOT NULL CHECK (connected IN (0, 1)),
            username TEXT,
            error TEXT,
            connected_at INTEGER NOT NULL,
            verified_at INTEGER
        ) STRICT;
        CREATE INDEX github_connection_full_name ON github_connection (full_name);

        -- Deliveries of the webhook that were taken; the same one is not taken twice.
        CREATE TABLE github_delivery (
            sequence INTEGER PRIMARY KEY,
            project_id TEXT NOT NULL REFERENCES project (id),
            delivery TEXT NOT NULL,
            at INTEGER NOT NULL,
            UNIQUE (project_id, delivery)
        ) STRICT;

        ALTER TABLE project ADD COLUMN github_owner TEXT;
        ALTER TABLE project ADD COLUMN github_repo TEXT;
        ALTER TABLE project ADD COLUMN github_connected INTEGER CHECK (github_connected IN (0, 1));
        ALTER TABLE ticket ADD COLUMN links TEXT;
        """
    )
}
