import HTTPClient
import Hummingbird
import Kernel
import Logging
import Synchronization

/// Knows which connection a request came on.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let clientPort: Int?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        clientPort = source.channel.remoteAddress?.port
    }
}

/// Runs a real server while `body` runs.
///
/// - Parameters:
///   - socket: path of a unix socket; nil: loopback, on a port the system chooses.
///   - body: gets the server's root, without a trailing slash.
@discardableResult
func withServer<Value: Sendable>(
    socket: String? = nil,
    routes: (Router<ConnectionContext>) -> Void,
    _ body: (String) async throws -> Value
) async throws -> Value {
    let router = Router(context: ConnectionContext.self)
    routes(router)
    let (ports, port) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test server")
    logger.logLevel = .critical
    let application = Application(
        router: router,
        configuration: .init(
            address: socket.map { .unixDomainSocket(path: $0) } ?? .hostname("127.0.0.1", port: 0)
        ),
        onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
        logger: logger
    )
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        var iterator = ports.makeAsyncIterator()
        guard let number = await iterator.next() else { throw Fault(.internalError, "the server did not start") }
        let result = await Result.catching { try await body("http://127.0.0.1:\(number)") }
        group.cancelAll()
        return try result.get()
    }
}

extension Result where Failure == any Error {
    static func catching(_ body: () async throws -> Success) async -> Self {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}

/// Lets test and server wait for one another.
final class Gate: Sendable {
    private struct State {
        var arrived = 0
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// One more has arrived.
    func arrive() {
        let ready = state.withLock { state in
            state.arrived += 1
            let arrived = state.arrived
            let ready = state.waiters.filter { $0.count <= arrived }
            state.waiters.removeAll { $0.count <= arrived }
            return ready.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Returns once `count` have arrived.
    func wait(for count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.arrived < count else { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}

/// Never answers while the connection stands.
func waitForever() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    defer { continuation.finish() }
    for await _ in stream {}
}

extension HTTPStreamPart {
    var status: Int? {
        guard case .head(let status, _) = self else { return nil }
        return status
    }

    var bytes: [UInt8] {
        guard case .bytes(let bytes) = self else { return [] }
        return bytes
    }
}
