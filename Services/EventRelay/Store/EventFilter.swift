import Contracts
import Kernel

/// Which events a caller asked for and may see.
package struct EventFilter: Sendable, Equatable {
    /// Exact types (`task.completed`) and prefixes (`task.*`); empty: all.
    package var types: [String]
    package var projectID: Identifier?
    package var ticketID: Identifier?
    package var taskID: Identifier?
    /// Events about access tokens are for administrators.
    package var includesTokens: Bool

    package init(
        types: [String] = [],
        projectID: Identifier? = nil,
        ticketID: Identifier? = nil,
        taskID: Identifier? = nil,
        includesTokens: Bool = true
    ) {
        self.types = types
        self.projectID = projectID
        self.ticketID = ticketID
        self.taskID = taskID
        self.includesTokens = includesTokens
    }

    /// Narrows the filter to what the actor may see.
    ///
    /// - Throws: ``Fault`` `forbidden` for sandbox tokens, `not-found` when a token bound to one project asks for
    ///   another.
    package func restricted(to actor: Actor) throws(Fault) -> EventFilter {
        guard actor.scope != .sandbox else {
            throw Fault(.forbidden, "a sandbox token may not read events; use a viewer, member or admin token")
        }
        var filter = self
        if let bound = actor.projectID {
            if let projectID, projectID != bound { throw Fault.notFound("project", projectID) }
            filter.projectID = bound
        }
        filter.includesTokens = actor.scope == .admin
        return filter
    }

    /// Checks one value of a `type` parameter: a known type, or a prefix of known types followed by `.*`.
    ///
    /// - Throws: ``Fault`` `invalid-field`.
    package static func checkType(_ text: String) throws(Fault) {
        if EventType(rawValue: text) != nil { return }
        if text.hasSuffix(".*"), EventType.allCases.contains(where: { $0.rawValue.hasPrefix(text.dropLast()) }) {
            return
        }
        throw Fault.invalid("type", "'\(text)' is neither an event type nor a prefix such as 'task.*'")
    }
}
