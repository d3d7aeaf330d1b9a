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

    /// One document per open ticket. The triggers keep the full-text index in step, and let go of tickets that are
    /// over: nobody repeats work by asking for what is done.
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

        CREATE TRIGGER ticket_document_added AFTER INSERT ON ticket_document BEGIN
            INSERT INTO ticket_text (rowid, terms) VALUES (NEW.document, NEW.terms);
        END;

        CREATE TRIGGER ticket_document_removed AFTER DELETE ON ticket_document BEGIN
            INSERT INTO ticket_text (ticket_text, rowid, terms) VALUES ('delete', OLD.document, OLD.terms);
        END;

        CREATE TRIGGER ticket_over AFTER UPDATE OF phase, archived ON ticket
        WHEN NEW.phase = 'PHASE_DONE' OR NEW.archived = 1 BEGIN
            DELETE FROM ticket_document WHERE ticket_id = NEW.id;
        END;
        """
}
