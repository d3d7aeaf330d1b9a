import Contracts
import Kernel

/// The order of claims: urgent tasks first, then the smallest rank.
///
/// A rank is a moment: when the task became ready, moved forward by what speaks for it. So ranks of tasks that wait
/// need no update as time passes, and one index keeps them in order.
enum Rank {
    /// The span over which weights are spread, milliseconds.
    private static let span = 18_000_000.0
    /// How close a deadline makes a task urgent.
    static let urgency: Duration = .seconds(15 * 60)

    /// - Parameters:
    ///   - dependents: unfinished tasks that wait for this one.
    ///   - retries: counted failures so far.
    /// - Returns: milliseconds; smaller is claimed earlier.
    static func value(readyAt: Timestamp, priority: Priority, dependents: Int, retries: Int) -> Int64 {
        let weight =
            0.45 * priority.weight
            + 0.15 * min(Double(dependents) / 10, 1)
            + 0.05 * max(0, 1 - Double(retries) / Double(Limits.attemptsPerTask))
        return readyAt.milliseconds - Int64((span * weight).rounded())
    }

    /// Whether the deadline is within ``urgency`` or past.
    static func isUrgent(deadline: Timestamp?, now: Timestamp) -> Bool {
        guard let deadline else { return false }
        return deadline - now <= urgency
    }
}
