import Contracts
import Kernel

/// Why an attempt cannot succeed; becomes the `failure` of its result.
struct TaskFailure: Error, Sendable, Equatable {
    var domain: FaultDomain
    /// Stable, for programs.
    var code: String
    /// One line for people.
    var message: String

    init(_ domain: FaultDomain, _ code: String, _ message: String) {
        self.domain = domain
        self.code = code
        self.message = String(message.prefix(Limits.reasonLength))
    }

    var reported: TaskResult.Failure { TaskResult.Failure(domain: domain, code: code, message: message) }
}
