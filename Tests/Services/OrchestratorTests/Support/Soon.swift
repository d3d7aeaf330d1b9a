import TestSupport

/// How long a test waits for what should happen at once: only a red test waits that long, and the machine may be busy
/// with all other tests at the same time.
private let limit: Duration = .seconds(100)

/// Waits until a condition holds; see `eventually`.
func soon(
    _ what: @autoclosure () -> String,
    every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws {
    try await eventually(what(), within: limit, every: interval, condition)
}

/// Waits for a value; see `eventually`.
func soon<Value>(_ what: @autoclosure () -> String, value: () async throws -> Value?) async throws -> Value {
    try await eventually(what(), within: limit, value: value)
}
