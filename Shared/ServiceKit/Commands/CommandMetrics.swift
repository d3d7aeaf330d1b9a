import Metrics
import Synchronization

/// Counts commands by name and outcome without making a handle for each.
final class CommandMetrics: Sendable {
    private struct Key: Hashable {
        let command: String
        let outcome: String
    }

    private let counters = Mutex<[Key: Counter]>([:])
    /// Names come from outside: beyond this many they are counted as `other`.
    private static let names = 1000

    func count(_ command: String, _ outcome: String) {
        let counter = counters.withLock { counters in
            let key = Key(command: counters.count < Self.names ? command : "other", outcome: outcome)
            if let counter = counters[key] { return counter }
            let counter = Counter(
                label: "omoi_commands",
                dimensions: [("command", key.command), ("outcome", outcome)]
            )
            counters[key] = counter
            return counter
        }
        counter.increment()
    }
}
