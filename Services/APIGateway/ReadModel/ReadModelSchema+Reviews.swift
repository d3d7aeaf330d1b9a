import Contracts
import GRDB
import Kernel
import Storage

extension ReadModelSchema {
    /// Finds the tickets somebody has to decide about without a look at the others.
    static let reviews = Migration(
        "tickets in review",
        """
        ALTER TABLE ticket ADD COLUMN in_review INTEGER NOT NULL DEFAULT 0 CHECK (in_review IN (0, 1));
        UPDATE ticket SET in_review = 1
            WHERE json_extract(CAST(body AS TEXT), '$.approval_status') IN ('pending_review', 'timed_out');
        CREATE INDEX ticket_in_review ON ticket (project_id) WHERE in_review = 1 AND archived = 0;
        """
    )
}

extension TicketTable {
    /// Tickets that wait for a decision.
    static func countInReview(projectID: Identifier?, in db: Database) throws -> Int {
        var selection = Selection()
        selection.add("in_review = 1 AND archived = 0")
        selection.add("project_id = ?", projectID?.description)
        let sql = "SELECT count(*) FROM ticket \(selection.whereClause)"
        return try Int.fetchOne(db.cachedStatement(sql: sql), arguments: selection.arguments) ?? 0
    }
}
