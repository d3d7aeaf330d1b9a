import Kernel

/// Waits until a condition holds that this process can only observe from outside (another process, a broker).
///
/// The pause between looks is a poll interval, not synchronisation: the deadline only bounds a failing test.
///
/// - Throws: ``Fault`` `deadline-exceeded` with `what` when it never held, or the last error of `condition`.
package func eventually(
    _ what: @autoclosure () -> String,
    within limit: Duration = .seconds(30),
    every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var lastError: (any Error)?
    while ContinuousClock.now < deadline {
        do {
            if try await condition() { return }
            lastError = nil
        } catch {
            lastError = error
        }
        try await Task.sleep(for: interval)  // poll interval
    }
    throw Fault(.timeout, "not within \(limit): \(what())", cause: lastError)
}

/// Like ``eventually(_:within:every:_:)`` for a value.
package func eventually<Value>(
    _ what: @autoclosure () -> String,
    within limit: Duration = .seconds(30),
    every interval: Duration = .milliseconds(20),
    value: () async throws -> Value?
) async throws -> Value {
    var found: Value?
    try await eventually(what(), within: limit, every: interval) {
        found = try await value()
        return found != nil
    }
    guard let found else { throw Fault(.timeout, what()) }
    return found
}
