import Storage

extension ReadModelSchema {
    /// The words of tickets, in pieces of three characters, so that any part of a title or description is found. The
    /// index keeps no text of its own; what it must forget is read from the old row.
    static let search = Migration(
        "search",
        """
        -- Changes when title or description do.
        ALTER TABLE ticket ADD COLUMN text_digest INTEGER NOT NULL DEFAULT 0;
        CREATE VIRTUAL TABLE ticket_text USING fts5 (title, description, content = '', tokenize = 'trigram');
        INSERT INTO ticket_text (rowid, title, description)
        SELECT rowid, json_extract(CAST(body AS TEXT), '$.title'), json_extract(CAST(body AS TEXT), '$.description')
        FROM ticket;

        CREATE TRIGGER ticket_read AFTER INSERT ON ticket BEGIN
            INSERT INTO ticket_text (rowid, title, description) VALUES (NEW.rowid,
                json_extract(CAST(NEW.body AS TEXT), '$.title'),
                json_extract(CAST(NEW.body AS TEXT), '$.description'));
        END;
        CREATE TRIGGER ticket_reread AFTER UPDATE OF text_digest ON ticket WHEN OLD.text_digest <> NEW.text_digest BEGIN
            INSERT INTO ticket_text (ticket_text, rowid, title, description) VALUES ('delete', OLD.rowid,
                json_extract(CAST(OLD.body AS TEXT), '$.title'),
                json_extract(CAST(OLD.body AS TEXT), '$.description'));
            INSERT INTO ticket_text (rowid, title, description) VALUES (NEW.rowid,
                json_extract(CAST(NEW.body AS TEXT), '$.title'),
                json_extract(CAST(NEW.body AS TEXT), '$.description'));
        END;

        ALTER TABLE result ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
        """
    )
}
