import Contracts
import Kernel

extension CommandClient {
    private static let firstLook: Duration = .milliseconds(50)
    private static let longestPause: Duration = .milliseconds(400)

    /// Waits for the outcome of a slow effect that a command has asked for.
    ///
    /// - Returns: the last report; not final when the time was over first.
    func outcome(
        of effect: Identifier,
        from origin: Origin,
        within limit: Duration = Limits.effectWait
    ) async throws -> EffectReport {
        var origin = origin
        // The caller's key belongs to the command that asked for the effect.
        origin.idempotency = nil
        let deadline = ContinuousClock.now + limit
        var pause = Self.firstLook
        while true {
            let reply = try await send(DescribeEffect(id: effect), from: origin)
            let report: EffectReport = try ContractCoder.decode(from: Array(reply.bytes))
            guard !report.status.isFinal, ContinuousClock.now + pause < deadline else { return report }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }
}
