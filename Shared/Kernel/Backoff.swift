/// Exponential back-off with a cap and jitter: `base * 2^(attempt - 1)`, at most `cap`, varied by `jitter`.
package struct Backoff: Sendable {
    package var base: Duration
    package var cap: Duration
    /// Fraction by which a delay may differ from its nominal value, 0 to 1. `1` spreads over the whole
    /// range.
    package var jitter: Double

    package init(base: Duration, cap: Duration, jitter: Double) {
        self.base = base
        self.cap = cap
        self.jitter = jitter
    }

    /// The delay before the next try after `attempt` failures.
    ///
    /// - Parameters:
    ///   - attempt: failures so far, 1 or more.
    ///   - random: a uniform value in 0..<1; the caller supplies it so that decisions stay pure.
    package func delay(afterAttempt attempt: Int, random: Double) -> Duration {
        let doublings = min(max(attempt - 1, 0), 30)
        let nominal = min(base.seconds * Double(1 << doublings), cap.seconds)
        let factor = 1 + jitter * (2 * random - 1)
        return .milliseconds(Int64((nominal * factor * 1000).rounded()))
    }
}
