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
            try DuplicateIndex.insert(row[0], key: row[1], title: row[2], description: row[3], in: database)
        }
    }

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
