import Contracts
import Kernel

/// What happened, on one line.
enum TransitionLine {
    /// The line for an event; nil for events that are not a step of a ticket or task.
    ///
    /// - Parameter keys: keys of the tickets seen so far, by id.
    static func text(_ event: Event, keys: [Identifier: String]) -> String? {
        guard let what = ticketStep(event) ?? taskStep(event) else { return nil }
        let key = event.ticketID.map { keys[$0] ?? $0.description } ?? "-"
        return "\(time(event.time))  \(key)  \(what)"
    }

    private static func ticketStep(_ event: Event) -> String? {
        guard let ticket = event.data.ticket else { return nil }
        switch event.type {
        case .ticketCreated: return "ticket  created in \(ticket.status.rawValue): \(ticket.title)"
        case .ticketTransitioned:
            guard let step = event.data.transition else { return "ticket  now \(ticket.status.rawValue)" }
            return "ticket  \(step.fromStatus.rawValue) -> \(step.toStatus.rawValue)  (\(step.cause.rawValue))"
        case .ticketBlocked:
            let block = ticket.block.map { "\($0.reason.rawValue): \($0.detail)" } ?? ""
            return "ticket  blocked  \(block)"
        case .ticketUnblocked: return "ticket  unblocked"
        case .ticketArchived: return "ticket  archived"
        default: return nil
        }
    }

    private static func taskStep(_ event: Event) -> String? {
        guard let task = event.data.task, event.type != .taskUpdated else { return nil }
        var text = "task    \(task.title)  "
        switch event.type {
        case .taskCreated: text += "created"
        case .taskPending: text += "ready"
        case .taskRetrying: text += "retrying after attempt \(task.attempt): \(task.error ?? "")"
        case .taskAssigned, .taskStarted: text += "\(task.status.rawValue), attempt \(task.attempt)"
        case .taskCompleted: text += "completed\(task.summary.map { ": \(firstLine($0))" } ?? "")"
        default: text += "\(task.status.rawValue)\(task.error.map { ": \(firstLine($0))" } ?? "")"
        }
        return text
    }

    private static func firstLine(_ text: String) -> String {
        String(text.prefix { !$0.isNewline }.prefix(100))
    }

    /// Time of day in UTC, `16:41:00.123`.
    private static func time(_ time: Timestamp) -> String {
        String(time.description.dropFirst(11).dropLast())
    }
}
