import Kernel

// Commands answered by the ticket workflow. HTTP bodies are passed on as they are where command and body say the same.

package struct CreateProject: Command {
    package static let name = "project.create"
    package typealias Reply = Project
    package var body: ProjectCreate
    package init(body: ProjectCreate) { self.body = body }
}

package struct UpdateProject: Command {
    package static let name = "project.update"
    package typealias Reply = Project
    package var id: Identifier
    package var ifVersion: Int?
    package var body: ProjectPatch
    package init(id: Identifier, ifVersion: Int? = nil, body: ProjectPatch) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

/// Creates tickets with their tasks and dependencies in one transaction.
package struct CreateTickets: Command {
    package static let name = "ticket.create"
    package typealias Reply = TicketBatchResponse
    package var body: TicketBatch
    /// Nothing is created when one of the tickets is at least this similar to an open one; nil: not looked at.
    package var duplicateThreshold: Double?
    package init(body: TicketBatch, duplicateThreshold: Double? = nil) {
        self.body = body
        self.duplicateThreshold = duplicateThreshold
    }
}

/// Moves a ticket by hand, through the same door as automatic moves.
package struct TransitionTicket: Command {
    package static let name = "ticket.transition"
    package typealias Reply = Ticket
    package var id: Identifier
    package var ifVersion: Int?
    package var body: TicketTransition
    package init(id: Identifier, ifVersion: Int? = nil, body: TicketTransition) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

package struct CreateTask: Command {
    package static let name = "task.create"
    package typealias Reply = WorkTask
    package var body: TaskCreate
    package init(body: TaskCreate) { self.body = body }
}

/// Adds, replaces or removes dependencies of a task.
package struct ChangeDependencies: Command {
    package enum Change: String, Codable, Sendable, CaseIterable { case add, replace, remove }
    package static let name = "task.dependencies"
    package typealias Reply = WorkTask
    package var id: Identifier
    /// The version this is meant for; nil: any.
    package var ifVersion: Int?
    package var change: Change
    package var dependsOn: [Identifier]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, change, ifVersion
        case dependsOn = "depends_on"
    }

    package init(id: Identifier, change: Change, dependsOn: [Identifier]) {
        self.id = id
        self.change = change
        self.dependsOn = dependsOn
    }
}

package struct CancelTask: Command {
    package static let name = "task.cancel"
    package typealias Reply = WorkTask
    package var id: Identifier
    /// The version this is meant for; nil: any.
    package var ifVersion: Int?
    package var reason: String
    package init(id: Identifier, reason: String) {
        self.id = id
        self.reason = reason
    }
}

/// Gives a failed, timed-out or cancelled task's work a fresh set of attempts.
package struct RetryTask: Command {
    package static let name = "task.retry"
    package typealias Reply = WorkTask
    package var id: Identifier
    /// The version this is meant for; nil: any.
    package var ifVersion: Int?
    package init(id: Identifier) { self.id = id }
}

/// Lists what holds a task back; empty if and only if it can be claimed now.
package struct ExplainTask: Command {
    package static let name = "task.explain"
    package typealias Reply = TaskExplanation
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

/// An orchestrator asks for work. Asking again with the same sandbox id gives the same answer.
///
/// Faults: `nothing-to-claim`; `attempt-superseded` when the attempt opened for this sandbox is closed.
package struct ClaimTask: Command {
    package static let name = "task.claim"
    package typealias Reply = Claim
    package var sandboxID: Identifier
    package var orchestrator: String
    /// Only this task (spawn-for-task); nil: the best ready one.
    package var taskID: Identifier?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case orchestrator
        case sandboxID = "sandbox_id"
        case taskID = "task_id"
    }

    package init(sandboxID: Identifier, orchestrator: String, taskID: Identifier? = nil) {
        self.sandboxID = sandboxID
        self.orchestrator = orchestrator
        self.taskID = taskID
    }
}

/// A claimed task: what the orchestrator needs to run it.
package struct Claim: Codable, Sendable, Equatable {
    package var sandboxID: Identifier
    package var taskID: Identifier
    package var ticketID: Identifier
    package var projectID: Identifier
    package var attempt: Int
    package var fence: Int
    /// Signed bearer token for the sandbox, bound to sandbox, task, attempt and fence. Secret.
    package var token: String
    /// When the attempt must have ended.
    package var deadlineAt: Timestamp?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case attempt, fence, token
        case sandboxID = "sandbox_id"
        case taskID = "task_id"
        case ticketID = "ticket_id"
        case projectID = "project_id"
        case deadlineAt = "deadline_at"
    }

    package init(
        sandboxID: Identifier,
        taskID: Identifier,
        ticketID: Identifier,
        projectID: Identifier,
        attempt: Int,
        fence: Int,
        token: String,
        deadlineAt: Timestamp?
    ) {
        self.sandboxID = sandboxID
        self.taskID = taskID
        self.ticketID = ticketID
        self.projectID = projectID
        self.attempt = attempt
        self.fence = fence
        self.token = token
        self.deadlineAt = deadlineAt
    }
}

/// An orchestrator's full inventory, every ``Limits/heartbeatInterval``. Renews leases and learns what to stop.
package struct Heartbeat: Command {
    package static let name = "orchestrator.heartbeat"
    package typealias Reply = HeartbeatReply
    package var instance: String
    package var capacity: Capacity
    package var sandboxes: [Item]

    package struct Item: Codable, Sendable, Equatable {
        package var id: Identifier
        package var taskID: Identifier?
        package var fence: Int?
        package var state: Sandbox.State
        package var lastActivityAt: Timestamp?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case id, fence, state
            case taskID = "task_id"
            case lastActivityAt = "last_activity_at"
        }

        package init(
            id: Identifier,
            taskID: Identifier?,
            fence: Int?,
            state: Sandbox.State,
            lastActivityAt: Timestamp?
        ) {
            self.id = id
            self.taskID = taskID
            self.fence = fence
            self.state = state
            self.lastActivityAt = lastActivityAt
        }
    }

    package init(instance: String, capacity: Capacity, sandboxes: [Item]) {
        self.instance = instance
        self.capacity = capacity
        self.sandboxes = sandboxes
    }
}

/// Slots of an orchestrator.
package struct Capacity: Codable, Sendable, Equatable {
    package var slots: Int
    package var used: Int
    package init(slots: Int, used: Int) {
        self.slots = slots
        self.used = used
    }
}

package struct HeartbeatReply: Codable, Sendable, Equatable {
    package struct Stop: Codable, Sendable, Equatable {
        package var id: Identifier
        package var reason: String
        package init(id: Identifier, reason: String) {
            self.id = id
            self.reason = reason
        }
    }

    package var renewed: [Identifier]
    package var stop: [Stop]

    package init(renewed: [Identifier], stop: [Stop]) {
        self.renewed = renewed
        self.stop = stop
    }
}

/// A sandbox fetches what it is to do. The actor's binding says which.
package struct FetchAssignment: Command {
    package static let name = "sandbox.assignment"
    package typealias Reply = Assignment
    package init() {}
}

/// A sandbox reports. The actor's binding must name the task.
///
/// Faults: `attempt-superseded`, `attempt-cancelled`, `invalid-field`, `forbidden`.
package struct SubmitResult: Command {
    package static let name = "result.submit"
    package typealias Reply = ResultResponse
    package var taskID: Identifier
    package var body: ResultSubmission

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case body
        case taskID = "task_id"
    }

    package init(taskID: Identifier, body: ResultSubmission) {
        self.taskID = taskID
        self.body = body
    }
}

package struct IssueToken: Command {
    package static let name = "token.issue"
    package typealias Reply = TokenResponse
    package var body: TokenCreate
    package init(body: TokenCreate) { self.body = body }
}

package struct RevokeToken: Command {
    package static let name = "token.revoke"
    package typealias Reply = AccessToken
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

/// The public key that verifies tokens.
package struct DescribeKey: Command {
    package static let name = "token.key"
    package typealias Reply = VerificationKey
    package init() {}
}

package struct VerificationKey: Codable, Sendable, Equatable {
    /// Ed25519 public key, 32 bytes, base64url without padding (RFC 8037 `x`).
    package var x: String
    /// Key id in the header of tokens.
    package var keyID: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case x
        case keyID = "kid"
    }

    package init(x: String, keyID: String) {
        self.x = x
        self.keyID = keyID
    }
}

/// A page of everything the workflow owns, oldest id first, for rebuilding a projection.
package struct Snapshot: Command {
    package static let name = "workflow.snapshot"
    package typealias Reply = SnapshotPage
    /// Opaque; nil for the first page.
    package var cursor: String?
    package init(cursor: String? = nil) { self.cursor = cursor }
}

package struct SnapshotPage: Codable, Sendable {
    /// One per entity, in the shape events carry.
    package var entities: [EventData]
    package var transitions: [Transition]
    package var attempts: [Attempt]
    /// nil on the last page.
    package var nextCursor: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case entities, transitions, attempts
        case nextCursor = "next_cursor"
    }

    package init(entities: [EventData], transitions: [Transition], attempts: [Attempt], nextCursor: String?) {
        self.entities = entities
        self.transitions = transitions
        self.attempts = attempts
        self.nextCursor = nextCursor
    }
}
