import Contracts
import Kernel

/// What a route demands of the caller's token.
enum Demand: String, Sendable {
    /// Nothing, not even a token.
    case open
    case read, write, admin
    /// Writing, or a sandbox that plans a feature in its own project.
    case plan
    /// A sandbox that speaks for itself.
    case sandbox
    /// Writing, or a sandbox that speaks for itself.
    case participate

    /// Whether routes with this demand look into the read model, if nothing else is said.
    var looksThingsUp: Bool { self == .read || self == .write || self == .plan }

    /// - Throws: ``Fault`` `forbidden` that says which token would do.
    func check(_ actor: Actor) throws(Fault) {
        switch (self, actor.scope) {
        case (.open, _): return
        case (.sandbox, .sandbox), (.sandbox, .plan):
            guard actor.binding != nil else { throw Fault(.forbidden, "this token is not bound to a sandbox") }
        case (.participate, .sandbox), (.participate, .plan), (.participate, .admin), (.participate, .member): return
        case (.sandbox, _):
            throw Fault(.forbidden, "only a sandbox may do this, with its own token")
        case (_, .sandbox):
            throw Fault(.forbidden, "a sandbox token allows only the sandbox's own task, results and events")
        case (.plan, .plan):
            guard actor.projectID != nil else { throw Fault(.forbidden, "this token is not bound to a project") }
        case (.read, .admin), (.read, .member), (.read, .viewer), (.read, .plan), (.write, .admin),
            (.write, .member), (.plan, .admin), (.plan, .member), (.admin, .admin):
            return
        case (.read, _), (.write, _), (.plan, _), (.participate, _):
            throw Fault(.forbidden, "a token of scope \(actor.scope.rawValue) may only read; this needs scope member")
        case (.admin, _):
            throw Fault(.forbidden, "this needs a token of scope admin, not \(actor.scope.rawValue)")
        }
    }
}
