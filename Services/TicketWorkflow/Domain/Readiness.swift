import Contracts
import Kernel

/// What holds a task: the one function behind `explain`, the claim and the event `task.pending`.
enum Readiness {
    struct Dependency: Sendable {
        var id: Identifier
        var status: WorkTask.Status
        /// When it entered that status.
        var since: Timestamp
    }

    /// Everything the judgement looks at.
    struct Facts: Sendable {
        var task: WorkTask
        var ticket: Ticket
        var project: Project
        var dependencies: [Dependency]
        /// Assigned and running tasks of the project.
        var openTasks: Int
        var now: Timestamp
    }

    /// What keeps the task from being claimed, most important first. Empty if and only if it can be claimed.
    static func holds(_ facts: Facts) -> [TaskExplanation.Hold] {
        let task = facts.task
        guard task.status == .pending else {
            return [
                .init(
                    condition: .notPending,
                    subject: task.id.description,
                    since: task.updatedAt,
                    liftedBy: task.status.isFinal
                        ? "nobody: \(task.status.rawValue) is final; POST /tasks/{id}/retry makes a new task"
                        : "the task is \(task.status.rawValue) already"
                )
            ]
        }
        return ticketHolds(facts) + facts.dependencies.compactMap(hold) + timeHolds(facts) + capacityHolds(facts)
    }

    /// Whether the task is ready: nothing but the project's own limits holds it.
    static func isReady(_ facts: Facts) -> Bool {
        holds(facts).allSatisfy { $0.condition == .projectConcurrency || $0.condition == .projectArchived }
    }

    /// Whether tasks of the ticket's phase may run at all.
    static func isOpenForWork(_ ticket: Ticket) -> Bool {
        !ticket.archived && ticket.block == nil && Settle.isApproved(ticket) && ticket.phase.hasTasks
    }

    private static func ticketHolds(_ facts: Facts) -> [TaskExplanation.Hold] {
        let ticket = facts.ticket
        var holds: [TaskExplanation.Hold] = []
        if ticket.archived || ticket.phase != facts.task.phase {
            holds.append(
                .init(
                    condition: .ticketNotInPhase,
                    subject: ticket.key,
                    since: ticket.enteredPhaseAt,
                    liftedBy: ticket.archived
                        ? "nobody: the ticket is archived"
                        : "the ticket reaching \(facts.task.phase.rawValue); it is in \(ticket.phase.rawValue)"
                )
            )
        }
        if let block = ticket.block {
            holds.append(
                .init(
                    condition: .ticketBlocked,
                    subject: ticket.key,
                    since: block.since,
                    liftedBy: block.automatic
                        ? "the end of its cause: \(block.detail)" : "whoever unblocks the ticket: \(block.detail)"
                )
            )
        }
        if !Settle.isApproved(ticket) {
            holds.append(
                .init(
                    condition: .notApproved,
                    subject: ticket.key,
                    since: ticket.updatedAt,
                    liftedBy: "somebody who may approve the ticket"
                )
            )
        }
        return holds
    }

    private static func hold(_ dependency: Dependency) -> TaskExplanation.Hold? {
        let subject = dependency.id.description
        switch dependency.status {
        case .completed:
            return nil
        case .pending, .assigned, .running:
            return .init(
                condition: .dependency,
                subject: subject,
                since: dependency.since,
                liftedBy: "the completion of that task; it is \(dependency.status.rawValue)"
            )
        case .cancelled:
            return .init(
                condition: .dependencyCancelled,
                subject: subject,
                since: dependency.since,
                liftedBy: "a retry of the cancelled task, or other dependencies for this one"
            )
        case .failed, .timedOut:
            return .init(
                condition: .dependencyFailed,
                subject: subject,
                since: dependency.since,
                liftedBy: "a retry of that task, which is \(dependency.status.rawValue)"
            )
        }
    }

    private static func timeHolds(_ facts: Facts) -> [TaskExplanation.Hold] {
        guard let notBefore = facts.task.notBefore, notBefore > facts.now else { return [] }
        let isParked = facts.task.notBeforeCause == .providerLimit
        return [
            .init(
                condition: isParked ? .providerLimit : .backoff,
                subject: facts.task.id.description,
                since: facts.task.updatedAt,
                liftedBy: isParked
                    ? "the provider of the agent's model, which is asked again at \(notBefore)"
                    : "time: the next attempt starts at \(notBefore) or later"
            )
        ]
    }

    private static func capacityHolds(_ facts: Facts) -> [TaskExplanation.Hold] {
        var holds: [TaskExplanation.Hold] = []
        if facts.project.status == .archived {
            holds.append(
                .init(
                    condition: .projectArchived,
                    subject: facts.project.key,
                    since: facts.project.updatedAt,
                    liftedBy: "somebody who makes the project active again"
                )
            )
        }
        if facts.openTasks >= facts.project.settings.concurrency {
            holds.append(
                .init(
                    condition: .projectConcurrency,
                    subject: facts.project.key,
                    since: nil,
                    liftedBy: "the end of one of the project's \(facts.openTasks) open tasks, or a higher limit"
                )
            )
        }
        return holds
    }
}
