import Contracts

/// The facts a service acts on, by event type.
package struct FactHandlers: Sendable {
    package typealias Handler = @Sendable (Event, Transaction) throws -> Void

    private(set) var all: [EventType: Handler] = [:]

    package init() {}

    /// Acts on `type`. The handler may see an event twice, late or out of order.
    package mutating func on(_ type: EventType, _ handle: @escaping Handler) {
        all[type] = handle
    }
}
