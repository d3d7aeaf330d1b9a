import Contracts
import GRDB
import Storage

extension ReadModelSchema {
    /// Which schema the rows were written with.
    static let origin = Migration(
        "origin",
        """
        CREATE TABLE origin (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            -- Names of the migrations.
            schema TEXT NOT NULL
        ) STRICT;

        """
    )

    private static var name: String { migrations.map(\.name).joined(separator: ", ") }

    /// Whether rows written with another schema are there: what is new in this one is missing in them.
    static func isOutdated(_ db: Database) throws -> Bool {
        if let schema = try String.fetchOne(db, sql: "SELECT schema FROM origin") { return schema != name }
        // Rows without an origin are older than this table; without a position they are rebuilt anyway.
        return try FollowerPosition.get(stream: Topic.log, in: db) != nil
    }

    /// Notes that all rows are of this schema.
    static func noteOrigin(_ db: Database) throws {
        try db.run(
            "INSERT INTO origin (id, schema) VALUES (1, ?) ON CONFLICT DO UPDATE SET schema = excluded.schema",
            [
                name
            ]
        )
    }
}
