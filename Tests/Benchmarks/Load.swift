import Kernel

/// A closed loop of clients, each of which sends its next request when the last one was answered.
struct Load {
    /// Seconds, one per request.
    var latencies: [Double]
    var perSecond: Double

    static func run(
        clients: Int,
        requests: Int,
        _ send: @escaping @Sendable () async throws -> Void
    ) async throws -> Load {
        let start = ContinuousClock.now
        let latencies = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var own: [Double] = []
                    for _ in 0..<requests / clients { own.append(try await Statistics.seconds(send)) }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let elapsed = start.duration(to: .now).seconds
        return Load(latencies: latencies, perSecond: Double(latencies.count) / elapsed)
    }
}
