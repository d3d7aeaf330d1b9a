import Kernel
import Messaging

/// Looks whether a broker accepts us.
enum BrokerProbe {
    private static let patience: Duration = .seconds(10)

    /// Logs in once.
    ///
    /// - Throws: ``Fault`` `unavailable` that names the address without its password.
    static func connect(_ url: String) async throws {
        let publisher = Publisher(try BrokerConfiguration(url: url, connectionName: "omoi probe"))
        let isConnected = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await publisher.run()
                return false
            }
            group.addTask {
                await publisher.waitUntilConnected()
                return publisher.isConnected
            }
            group.addTask {
                try await Task.sleep(for: patience)
                return false
            }
            let first = try await group.next() ?? false
            publisher.stop()
            group.cancelAll()
            while await group.nextResult() != nil {}
            return first
        }
        guard isConnected else {
            throw Fault(
                .unavailable,
                "OMOI_AMQP_URL: no broker answers at \(address(of: url)), or it refuses the user; check that it runs"
            )
        }
    }

    /// The address for people: without the password.
    static func address(of url: String) -> String {
        guard let at = url.lastIndex(of: "@"), let scheme = url.firstRange(of: "://") else { return url }
        let user = url[scheme.upperBound..<at].prefix { $0 != ":" }
        return "\(url[..<scheme.upperBound])\(user)@\(url[url.index(after: at)...])"
    }

    /// The port in the address; nil when it has none.
    static func port(of url: String) -> Int? {
        let authority = url.split(separator: "@").last?.prefix { $0 != "/" } ?? ""
        return authority.split(separator: ":").last.flatMap { Int($0) }
    }
}
