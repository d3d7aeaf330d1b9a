import Contracts
import Kernel

/// The slots of this orchestrator and who is in them.
///
/// A mirror of the live rows in the store: whoever takes a slot writes the row next, whoever ends a row gives the slot
/// back.
package struct Slots: Sendable, Equatable {
    package let total: Int
    package private(set) var taken: Set<Identifier>

    package init(total: Int, taken: Set<Identifier> = []) {
        self.total = total
        self.taken = taken
    }

    /// Never negative, although a restart with fewer slots may find more sandboxes than there are slots.
    package var free: Int { max(0, total - taken.count) }

    /// What the heartbeat says.
    package var capacity: Capacity { Capacity(slots: total, used: taken.count) }

    /// Reserves a slot.
    ///
    /// - Returns: false when all are taken, or when `id` has one already.
    package mutating func take(_ id: Identifier) -> Bool {
        guard free > 0 else { return false }
        return taken.insert(id).inserted
    }

    /// Counts a sandbox that exists already, whether there is a slot for it or not.
    package mutating func occupy(_ id: Identifier) {
        taken.insert(id)
    }

    /// Gives a slot back.
    ///
    /// - Returns: false when `id` had none.
    @discardableResult package mutating func release(_ id: Identifier) -> Bool {
        taken.remove(id) != nil
    }
}
