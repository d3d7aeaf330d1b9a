import Contracts
import GRDB
import Kernel
import Storage

/// One sandbox of ours: the row is written before anything else exists of it.
///
/// The state `creating` is the record that the effect "start the worker" has begun; whoever finds a row in it after a
/// restart looks the worker up and never starts one blindly.
package struct SandboxRow: Sendable, Equatable {
    package let id: Identifier
    package let provider: String
    package var state: Sandbox.State = .pending
    package var taskID: Identifier?
    package var ticketID: Identifier?
    package var projectID: Identifier?
    package var attempt: Int?
    package var fence: Int?
    package var deadlineAt: Timestamp?
    /// nil until the worker was started.
    package var handle: ProviderHandle?
    /// Why it was told to end.
    package var stopReason: String?
    /// Why it failed.
    package var failure: String?
    /// Number of events published about it.
    package var version = 0
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    package var lastActivityAt: Timestamp?

    package init(id: Identifier, provider: String, createdAt: Timestamp) {
        self.id = id
        self.provider = provider
        self.createdAt = createdAt
        self.updatedAt = createdAt
    }

    /// Takes over what the workflow assigned.
    package mutating func take(_ claim: Claim) {
        taskID = claim.taskID
        ticketID = claim.ticketID
        projectID = claim.projectID
        attempt = claim.attempt
        fence = claim.fence
        deadlineAt = claim.deadlineAt
    }

    /// What others see of it.
    package func entity(orchestrator: String) -> Sandbox {
        var sandbox = Sandbox(
            id: id,
            orchestrator: orchestrator,
            provider: provider,
            state: state,
            version: version,
            createdAt: createdAt
        )
        sandbox.taskID = taskID
        sandbox.ticketID = ticketID
        sandbox.projectID = projectID
        sandbox.attempt = attempt
        sandbox.fence = fence
        sandbox.reason = failure ?? stopReason
        sandbox.updatedAt = updatedAt
        sandbox.lastActivityAt = lastActivityAt
        return sandbox
    }

    /// What the heartbeat says about it.
    package var inventoryItem: Heartbeat.Item {
        .init(id: id, taskID: taskID, fence: fence, state: state, lastActivityAt: lastActivityAt)
    }
}
