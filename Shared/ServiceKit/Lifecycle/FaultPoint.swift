import Glibc
import Synchronization

/// Points at which a test may let the process die, as a power cut would.
package enum FaultPoint {
    private struct Plan {
        let name: String
        let visit: Int
    }

    /// From `OMOI_FAULT_POINT`: a name, or `name:3` for the third time the point is reached. Read once.
    private static let plan: Plan? = getenv("OMOI_FAULT_POINT").flatMap { value in
        let parts = String(cString: value).split(separator: ":")
        guard let name = parts.first else { return nil }
        return Plan(name: String(name), visit: parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
    }
    private static let visits = Mutex(0)

    /// Kills the process with SIGKILL when this is the point it was told to die at. Costs a comparison otherwise.
    package static func reach(_ name: StaticString) {
        guard let plan, plan.name == String(describing: name) else { return }
        let visit = visits.withLock { visits in
            visits += 1
            return visits
        }
        if visit == plan.visit { kill(getpid(), SIGKILL) }
    }
}
