import GRDB
import Kernel
import Storage

/// The tables of the duplicate check.
enum DuplicateMigrations {
    /// The tables, with the tickets there are.
    static let document = Migration("duplicates-1-document") { database in
        try database.execute(sql: tables)
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT id, key, title, description FROM ticket WHERE phase <> 'PHASE_DONE' AND archived = 0 ORDER BY id
                """
        )
        while let row = try rows.next() {
            let (id, key, title): (String, String, String) = (row[0], row[1], row[2])
            let terms = DuplicateIndex.terms(Similarity(title: title, description: row[3]), ofTicket: key)
            try database.execute(
                sql: "INSERT INTO ticket_document (ticket_id, terms) VALUES (?, ?)",
                arguments: [id, terms]
            )
            try database.execute(
                sql: "INSERT INTO ticket_text (rowid, terms) VALUES (?, ?)",
                arguments: [database.lastInsertedRowID, terms]
            )
        }
    }

    /// What the texts mean, for the tickets there are and those to come.
    static let embedding = Migration("duplicates-2-embedding") { database in
        try database.execute(sql: embeddingTables)
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT ticket.id, ticket.project_id, ticket.title, ticket.description FROM ticket
                JOIN ticket_document ON ticket_document.ticket_id = ticket.id
                """
        )
        while let row = try rows.next() {
            let (id, project): (String, String) = (row[0], row[1])
            try database.execute(
                sql: "UPDATE ticket_document SET project_id = ?, digest = ? WHERE ticket_id = ?",
                arguments: [project, EmbeddingStore.digest(row[2], row[3]), id]
            )
        }
    }

    private static let embeddingTables = """
        ALTER TABLE ticket_document ADD COLUMN project_id TEXT;
        -- names the text, see text_embedding
        ALTER TABLE ticket_document ADD COLUMN digest TEXT;
        CREATE INDEX ticket_document_project ON ticket_document (project_id, document);
        CREATE INDEX ticket_document_digest ON ticket_document (digest);

        CREATE TABLE text_embedding (
            digest TEXT NOT NULL,
            model TEXT NOT NULL,
            vector BLOB NOT NULL,
            is_of_ticket INTEGER NOT NULL CHECK (is_of_ticket IN (0, 1)),
            at INTEGER NOT NULL,
            PRIMARY KEY (digest, model)
        ) STRICT;
        CREATE INDEX text_embedding_at ON text_embedding (at) WHERE is_of_ticket = 0;
        """

    /// One document per open ticket, and the full-text index over them. ``DuplicateIndex`` keeps both in step: triggers
    /// may not write virtual tables where the schema is not trusted.
    private static let tables = """
        CREATE TABLE ticket_document (
            document INTEGER PRIMARY KEY,
            ticket_id TEXT NOT NULL UNIQUE REFERENCES ticket (id),
            -- words with the project's key before them, separated by spaces
            terms TEXT NOT NULL
        ) STRICT;

        CREATE VIRTUAL TABLE ticket_text USING fts5 (
            terms, content = '', detail = none, columnsize = 0, tokenize = "ascii tokenchars '-'"
        );
        """
}
