import Kernel
import Messaging

/// The queue of wake-ups that all orchestrators share.
///
/// A full orchestrator holds on to the one wake-up it has until it has room, at most ``patience``: meanwhile the others
/// get the rest. What a wake-up says does not matter, so nothing of it is read.
package struct WakeUpSubscription: Sendable {
    /// Far below the broker's limit for an acknowledgement (30 min), and short enough for a stop.
    static let patience: Duration = .seconds(20)

    private let fleet: Fleet

    package init(fleet: Fleet) {
        self.fleet = fleet
    }

    package var subscription: Subscription {
        Subscription(queue: Topology.wakeUp, prefetch: 1, maxBatch: 1) { [fleet] _ in
            fleet.wake.raise()
            if fleet.freeSlots == 0 { await fleet.room.wait(timeout: Self.patience) }
        }
    }
}
