/// Every event type: the routing key on ``Topic/events`` (or ``Topic/activityExchange``) and the CloudEvents `type`.
package enum EventType: String, Codable, Sendable, CaseIterable {
    case projectCreated = "project.created"
    case projectUpdated = "project.updated"
    case projectArchived = "project.archived"

    case specCreated = "spec.created"
    case specUpdated = "spec.updated"
    case specApproved = "spec.approved"
    case specDeleted = "spec.deleted"

    case ticketCreated = "ticket.created"
    case ticketUpdated = "ticket.updated"
    case ticketTransitioned = "ticket.transitioned"
    case ticketBlocked = "ticket.blocked"
    case ticketUnblocked = "ticket.unblocked"
    case ticketApprovalRequested = "ticket.approval_requested"
    case ticketApproved = "ticket.approved"
    case ticketRejected = "ticket.rejected"
    case ticketArchived = "ticket.archived"

    case taskCreated = "task.created"
    case taskUpdated = "task.updated"
    case taskPending = "task.pending"
    case taskAssigned = "task.assigned"
    case taskStarted = "task.started"
    case taskRetrying = "task.retrying"
    case taskCompleted = "task.completed"
    case taskFailed = "task.failed"
    case taskTimedOut = "task.timed_out"
    case taskCancelled = "task.cancelled"

    case resultSubmitted = "result.submitted"
    case resultVerified = "result.verified"
    case reportSubmitted = "report.submitted"
    case reportVerified = "report.verified"

    case sandboxCreated = "sandbox.created"
    case sandboxRunning = "sandbox.running"
    case sandboxCompleting = "sandbox.completing"
    case sandboxCompleted = "sandbox.completed"
    case sandboxFailed = "sandbox.failed"
    case sandboxTerminated = "sandbox.terminated"

    case tokenIssued = "token.issued"
    case tokenRevoked = "token.revoked"
}

/// Types a sandbox may report. They never change an entity.
package enum ActivityType: String, Codable, Sendable, CaseIterable {
    case agentStarted = "agent.started"
    case agentThinking = "agent.thinking"
    case agentMessage = "agent.message"
    case agentToolUse = "agent.tool_use"
    case agentCompleted = "agent.completed"
    case fileCreated = "file.created"
    case fileModified = "file.modified"
    case fileDeleted = "file.deleted"
    case commandStarted = "command.started"
    case commandOutput = "command.output"
    case commandCompleted = "command.completed"
    case sandboxHeartbeat = "sandbox.heartbeat"
    case sandboxMetrics = "sandbox.metrics"
}
