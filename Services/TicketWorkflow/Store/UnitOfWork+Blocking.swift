import Contracts
import GRDB
import Kernel
import Storage

// Tickets that stand still: found by the clock and on request, blocked so that somebody sees them.
extension UnitOfWork {
    /// Looks again in a while.
    func watchForBlocking(in project: Identifier) throws {
        try Timers.set(
            kind: TimerKind.blocking.rawValue,
            key: project.description,
            due: now + Limits.blockingInterval,
            generation: 0,
            in: database
        )
    }

    /// Blocks the tickets of the project in which nothing has happened for its time and nothing will by itself.
    ///
    /// The block is automatic: it goes as soon as something can happen.
    @discardableResult
    func blockStuck(in project: Identifier) throws -> [BlockingReport.Item] {
        let project = try self.project(project)
        let minutes = project.settings.blockingMinutes
        guard minutes > 0, project.status == .active else { return [] }
        try flush()
        let limit = now - .seconds(minutes * 60)
        var items: [BlockingReport.Item] = []
        for id in try TicketStore.idle(in: project.id, since: limit, limit: Limits.blockingBatch, in: database) {
            guard let reason = Settle.stuckReason(try situation(of: id)) else {
                // Whatever forgot to settle it: nothing stands still for longer than this.
                touch(ticket: id)
                continue
            }
            let ticket = try ticket(id)
            try block(ticket: id, .needsInput, reason, automatic: true)
            items.append(
                .init(
                    ticketID: id,
                    blockerType: .needsInput,
                    minutes: Double((now - ticket.enteredPhaseAt).milliseconds / 6000) / 10
                )
            )
        }
        return items
    }
}

extension TicketStore {
    /// Tickets between backlog and done that wait at a gate, are blocked or under review: who must be looked at when
    /// the rules of the gates change.
    static func held(in project: Identifier, database: Database) throws -> [Identifier] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id FROM ticket
                WHERE project_id = ? AND archived = 0 AND phase NOT IN ('PHASE_BACKLOG', 'PHASE_DONE')
                    AND (waiting_for IS NOT NULL OR block IS NOT NULL
                        OR approval_status IN ('pending_review', 'timed_out'))
                ORDER BY id
                """
        )
        return try Identifier.fetchAll(statement, arguments: [project])
    }

    /// Tickets between backlog and done that are not blocked, wait neither for room nor for a claim, and of which no
    /// task has changed either.
    static func idle(
        in project: Identifier,
        since: Timestamp,
        limit: Int,
        in database: Database
    ) throws -> [Identifier] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id FROM ticket
                WHERE project_id = ?1 AND updated_at <= ?2 AND phase NOT IN ('PHASE_BACKLOG', 'PHASE_DONE')
                    AND archived = 0 AND block IS NULL AND wanted IS NULL
                    AND NOT EXISTS (
                        SELECT 1 FROM task WHERE task.ticket_id = ticket.id AND is_current = 1
                            AND (status IN ('assigned', 'running') OR status = 'pending' AND ready_at IS NOT NULL
                                OR updated_at > ?2))
                ORDER BY updated_at, id LIMIT ?3
                """
        )
        return try Identifier.fetchAll(statement, arguments: [project, since, limit])
    }
}
