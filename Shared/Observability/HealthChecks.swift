import Synchronization

/// The outcome of one check.
package enum HealthStatus: Sendable, Equatable {
    case up
    /// Why not, in words an operator can act on; never a secret.
    case down(String)
}

/// All checks of a process at one moment; the body of `/readyz`.
package struct HealthReport: Sendable, Codable, Equatable {
    package struct Item: Sendable, Codable, Equatable {
        package var name: String
        package var up: Bool
        package var reason: String?
    }

    /// Whether every check is up.
    package var ready: Bool
    package var checks: [Item]
}

/// Named checks that together say whether a process can do its work. The process is ready when all are up.
package final class HealthChecks: Sendable {
    package typealias Check = @Sendable () async -> HealthStatus

    private let checks = Mutex<[(name: String, check: Check)]>([])

    package init() {}

    /// Adds a check, or replaces the one of the same name.
    ///
    /// - Parameter check: quick and without waiting; it is run on every request for `/readyz`.
    package func add(_ name: String, _ check: @escaping Check) {
        checks.withLock { checks in
            checks.removeAll { $0.name == name }
            checks.append((name, check))
        }
    }

    /// Adds a check that is up when `condition` holds.
    package func add(_ name: String, down reason: String, unless condition: @escaping @Sendable () -> Bool) {
        add(name) { condition() ? .up : .down(reason) }
    }

    /// Runs all checks in the order they were added.
    package func report() async -> HealthReport {
        var items: [HealthReport.Item] = []
        for (name, check) in checks.withLock({ $0 }) {
            switch await check() {
            case .up: items.append(HealthReport.Item(name: name, up: true, reason: nil))
            case .down(let reason): items.append(HealthReport.Item(name: name, up: false, reason: reason))
            }
        }
        return HealthReport(ready: items.allSatisfy(\.up), checks: items)
    }
}
