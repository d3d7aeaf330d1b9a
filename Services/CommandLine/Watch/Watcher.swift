import Contracts
import HTTPClient
import Kernel

/// Prints every transition as it happens, of everything or of one ticket until it is decided.
package struct Watcher: Sendable {
    /// How a watched ticket ended.
    package enum Outcome: Sendable, Equatable {
        case done
        /// It will not go on by itself.
        case stopped(reason: String)
    }

    let gateway: APIClient
    let relay: APIClient
    /// Prints one event; the whole of it for programs.
    let print: @Sendable (Event, String) -> Void
    let console: Console

    /// Follows all tickets of a project, or of all projects, until cancelled.
    func watch(projectID: Identifier?) async throws {
        _ = try await follow(
            [("type", "ticket.*"), ("type", "task.*"), ("project_id", projectID?.description)],
            keys: [:],
            decide: { _ in nil },
            begin: { nil }
        )
    }

    /// Follows one ticket: for ever, or until it is done or stopped for good.
    ///
    /// The stream is opened before the ticket is read, so nothing that happens in between is missed.
    func watch(ticket: Ticket, untilDecided: Bool) async throws -> Outcome {
        let outcome = try await follow(
            [("type", "ticket.*"), ("type", "task.*"), ("ticket_id", ticket.id.description)],
            keys: [ticket.id: ticket.key],
            decide: { untilDecided ? Self.outcome(of: $0) : nil },
            begin: { try await gateway.get("/api/v1/tickets/\(ticket.id)") }
        )
        return outcome ?? .stopped(reason: "not watched any more")
    }

    /// - Parameters:
    ///   - keys: keys of tickets that are known already, by id.
    ///   - decide: whether a ticket's new state ends the watch.
    ///   - begin: called when the stream is open at a new position; its ticket is decided on like one of an event.
    func follow(
        _ query: [(String, String?)],
        keys known: [Identifier: String],
        decide: (Ticket) -> Outcome?,
        begin: () async throws -> Ticket?
    ) async throws -> Outcome? {
        var keys = known
        var outcome: Outcome?
        var isConnected = false
        try await EventFollower(client: relay, query: query).follow { step in
            switch step {
            case .connected(let resumed):
                isConnected = true
                if !resumed { outcome = try await begin().flatMap(decide) }
            case .event(let event):
                try await show(event, &keys)
                outcome = event.data.ticket.flatMap(decide)
            case .lost(let reason):
                // Said once, not at every try.
                if isConnected { console.note("omoi: \(reason); connecting again") }
                isConnected = false
            case .resync:
                console.note("omoi: the relay no longer has this watcher's position; some events were not shown")
            }
            return outcome == nil
        }
        return outcome
    }

    /// Whether the ticket is decided. A block for a dependency lifts by itself; every other one needs somebody.
    static func outcome(of ticket: Ticket) -> Outcome? {
        if ticket.status == .done { return .done }
        if ticket.archived { return .stopped(reason: "archived") }
        if let block = ticket.block, block.reason != .dependency {
            return .stopped(reason: "blocked, \(block.reason.rawValue): \(block.detail)")
        }
        return nil
    }

    private func show(_ event: Event, _ keys: inout [Identifier: String]) async throws {
        if let ticket = event.data.ticket { keys[ticket.id] = ticket.key }
        if let id = event.ticketID, keys[id] == nil {
            let ticket: Ticket = try await gateway.get("/api/v1/tickets/\(id)")
            keys[id] = ticket.key
        }
        guard let line = TransitionLine.text(event, keys: keys) else { return }
        print(event, line)
    }
}
