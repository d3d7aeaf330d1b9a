import Contracts
import GRDB
import Kernel

extension Snapshot: WorkflowQuery {
    static var access: Access { .admin }

    /// Rows of one page, and their size, above which the page ends.
    private static let rows = 200
    private static let bytes = Limits.messageBytes / 4

    /// The order of kinds. A reader that meets a reference has seen what it refers to.
    private enum Kind: String, CaseIterable {
        case project, ticket, task, spec, result, token

        var next: Kind? {
            guard let index = Self.allCases.firstIndex(of: self), index + 1 < Self.allCases.count else { return nil }
            return Self.allCases[index + 1]
        }
    }

    func run(_ inquiry: Inquiry) throws -> SnapshotPage {
        let (kind, after) = try position()
        var page = SnapshotPage(entities: [], transitions: [], attempts: [], nextCursor: nil)
        var size = 0
        for entity in try entities(kind, after: after, inquiry.database) {
            page.entities.append(entity)
            size += try ContractCoder.encode(entity).count
            if let ticket = entity.ticket {
                let transitions = try TicketStore.transitions(of: ticket.id, in: inquiry.database)
                page.transitions += transitions
                size += try ContractCoder.encode(transitions).count
            }
            if let task = entity.task {
                let attempts = try AttemptStore.all(of: task.id, in: inquiry.database)
                page.attempts += attempts
                size += try ContractCoder.encode(attempts).count
            }
            if size >= Self.bytes { break }
        }
        if let last = page.entities.last {
            page.nextCursor = "\(kind.rawValue):\(last.reference.id)"
        } else {
            page.nextCursor = kind.next.map { "\($0.rawValue):" }
        }
        return page
    }

    private func position() throws -> (Kind, Identifier?) {
        guard let cursor else { return (.project, nil) }
        let parts = cursor.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else {
            throw Fault.invalid("cursor", "is not one that was given out")
        }
        return (kind, Identifier(String(parts[1])))
    }

    private func entities(_ kind: Kind, after: Identifier?, _ database: Database) throws -> [EventData] {
        switch kind {
        case .project:
            try ProjectStore.page(after: after, limit: Self.rows, in: database).map { EventData($0) }
        case .ticket:
            try TicketStore.page(after: after, limit: Self.rows, in: database).map { EventData($0) }
        case .task:
            try TaskStore.page(after: after, limit: Self.rows, in: database).map { EventData($0) }
        case .spec:
            try SpecStore.page(after: after, limit: Self.rows, bytes: Self.bytes, in: database).map { EventData($0) }
        case .result:
            try ResultStore.page(after: after, limit: Self.rows, bytes: Self.bytes, in: database)
                .map { EventData($0) }
        case .token:
            try TokenStore.page(after: after, limit: Self.rows, in: database).map { EventData($0) }
        }
    }
}
