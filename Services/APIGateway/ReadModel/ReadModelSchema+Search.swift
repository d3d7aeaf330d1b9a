import Storage

extension ReadModelSchema {
    /// The text of tickets, in pieces of three characters, so that any part of a title or description is found. The
    /// index keeps no text of its own. It is written by ``TicketSearch``: triggers may not write virtual tables here.
    static let search = Migration(
        "search",
        """
        -- Changes when title or description do.
        ALTER TABLE ticket ADD COLUMN text_digest INTEGER NOT NULL DEFAULT 0;
        CREATE VIRTUAL TABLE ticket_text USING fts5 (title, description, content = '', tokenize = 'trigram');

        ALTER TABLE result ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
        """
    )
}
