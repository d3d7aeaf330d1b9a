import ServiceLifecycle

extension Service {
    /// Runs `body` until the process stops gracefully; then it is cancelled, and how it ended does not matter.
    ///
    /// - Throws: what `body` threw before that.
    func untilStopped(_ body: @escaping @Sendable () async throws -> Void) async throws {
        do {
            try await cancelWhenGracefulShutdown(body)
        } catch {
            guard Task.isShuttingDownGracefully || Task.isCancelled else { throw error }
        }
    }
}
