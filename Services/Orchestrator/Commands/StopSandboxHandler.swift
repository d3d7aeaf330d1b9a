import Contracts
import Kernel
import ServiceKit

/// Answers `sandbox.stop`: the reason is stored, then everything in the sandbox is killed. Its files stay, and a result
/// in its spool is still submitted. Repeating it is harmless; a sandbox that has ended stays as it is.
package struct StopSandboxHandler: Sendable {
    private let fleet: Fleet

    package init(fleet: Fleet) {
        self.fleet = fleet
    }

    /// - Throws: ``Fault`` `not-found` when the sandbox is not one of ours.
    package func callAsFunction(_ command: StopSandbox, _ transaction: Transaction) throws -> Empty {
        let change = try SandboxStore.apply(
            .stop(reason: command.reason),
            to: command.sandboxID,
            instance: fleet.instance,
            in: transaction
        )
        guard let change else { throw Fault.notFound("sandbox", command.sandboxID) }
        transaction.afterCommit { [fleet] in fleet.perform(change) }
        return Empty()
    }
}
