import Kernel

/// How many sandboxes could be started now.
package struct DescribeCapacity: Command {
    package static let name = "sandbox.capacity"
    package typealias Reply = SandboxCapacity
    package init() {}
}

/// Places for sandboxes, over all orchestrators that were heard of lately.
package struct SandboxCapacity: Codable, Sendable, Equatable {
    package struct Instance: Codable, Sendable, Equatable {
        package var instance: String
        package var slots: Int
        package var used: Int
        /// Time of its last heartbeat.
        package var seenAt: Timestamp

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case instance, slots, used
            case seenAt = "seen_at"
        }

        package init(instance: String, slots: Int, used: Int, seenAt: Timestamp) {
            self.instance = instance
            self.slots = slots
            self.used = used
            self.seenAt = seenAt
        }
    }

    package var slots: Int
    package var used: Int
    package var available: Int
    package var orchestrators: [Instance]

    package init(_ orchestrators: [Instance]) {
        self.orchestrators = orchestrators
        slots = orchestrators.reduce(0) { $0 + $1.slots }
        used = orchestrators.reduce(0) { $0 + $1.used }
        available = orchestrators.reduce(0) { $0 + max(0, $1.slots - $1.used) }
    }
}
