/// The clocks a component may look at. Tests inject a manual one; production uses ``SystemTime``.
package protocol TimeSource: Sendable {
    /// Wall clock: for stored and displayed times only, it may jump.
    func now() -> Timestamp

    /// Time since an arbitrary origin that never jumps: for leases, deadlines and every measured interval.
    func uptime() -> Duration
}

/// The machine's clocks.
package struct SystemTime: TimeSource {
    private static let origin = ContinuousClock.now

    package init() {}

    package func now() -> Timestamp { .now() }

    package func uptime() -> Duration { Self.origin.duration(to: .now) }
}
