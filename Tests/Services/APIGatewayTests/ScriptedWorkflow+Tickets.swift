import Contracts
import Kernel
import ServiceKit

/// The rules of tickets, as simple as answers can be that keep their shapes.
extension ScriptedWorkflow {
    func addTicketRules(to handlers: inout CommandHandlers) {
        handlers.on(UpdateTicket.self) { [self] command, transaction in
            try change(ticket: command.id, .ticketUpdated, transaction, ifVersion: command.ifVersion) { ticket in
                ticket.title = command.body.title ?? ticket.title
                ticket.labels = command.body.labels ?? ticket.labels
                ticket.archived = command.body.archived ?? ticket.archived
            }
        }
        handlers.on(BlockTicket.self) { [self] command, transaction in
            try change(ticket: command.id, .ticketBlocked, transaction) { ticket in
                ticket.block = .init(
                    reason: command.reason,
                    detail: command.detail ?? "",
                    since: transaction.now,
                    automatic: false
                )
            }
        }
        handlers.on(UnblockTicket.self) { [self] command, transaction in
            guard state.withLock({ $0.tickets[command.id]?.block }) != nil else {
                throw Fault(.conflict, "the ticket is not blocked")
            }
            return try change(ticket: command.id, .ticketUnblocked, transaction) { $0.block = nil }
        }
        handlers.on(RegressTicket.self) { [self] command, transaction in
            try change(ticket: command.id, .ticketUpdated, transaction, ifVersion: command.ifVersion) { ticket in
                ticket.round += 1
                ticket.contextSummary = command.feedback
            }
        }
        handlers.on(UpdateTicketContext.self) { [self] command, transaction in
            try change(ticket: command.id, .ticketUpdated, transaction) { ticket in
                ticket.context = command.body.context
                ticket.contextSummary = command.body.summary
            }
        }
        handlers.onQuery(DetectBlocking.self) { [self] command, _, _ in
            let stuck = state.withLock { $0.tickets.values.filter { $0.projectID == command.projectID } }
            return BlockingReport(
                results: stuck.map { .init(ticketID: $0.id, blockerType: .needsInput, minutes: 31.5) }
            )
        }
        addReviews(to: &handlers)
        addPhases(to: &handlers)
    }

    /// Puts a ticket into review, as a project that requires approval does.
    func askForReview(_ ticket: inout Ticket, at now: Timestamp) {
        ticket.approvalStatus = .pendingReview
        ticket.approvalDeadlineAt = now + .seconds(60)
    }

    private func addReviews(to handlers: inout CommandHandlers) {
        handlers.on(ApproveTicket.self) { [self] command, transaction in
            try change(ticket: command.id, .ticketApproved, transaction) { ticket in
                ticket.approvalStatus = .approved
                ticket.approvalDeadlineAt = nil
            }
        }
        handlers.on(RejectTicket.self) { [self] command, transaction in
            try change(ticket: command.id, .ticketRejected, transaction) { ticket in
                ticket.approvalStatus = .rejected
                ticket.rejectionReason = command.reason
            }
        }
        handlers.on(SpawnPhaseTasks.self) { command, _ in
            PhaseTasks(ticketID: command.id, phase: command.phase ?? .testing, tasks: [])
        }
    }

    private func addPhases(to handlers: inout CommandHandlers) {
        handlers.on(AddArtifact.self) { command, transaction in
            TicketArtifact(
                id: .make(),
                ticketID: command.id,
                phase: command.body.phase,
                type: command.body.type,
                path: command.body.path,
                content: command.body.content,
                round: 1,
                collectedBy: command.body.collectedBy ?? "api",
                collectedAt: transaction.now
            )
        }
        handlers.onQuery(ListArtifacts.self) { _, _, _ in ArtifactList(artifacts: []) }
        handlers.onQuery(DescribeGate.self) { command, _, _ in
            GateReport(
                ticketID: command.id,
                phase: command.phase ?? .implementation,
                validationStatus: .blocked,
                blockingReasons: ["the artifact 'test_coverage' is missing"],
                missingArtifacts: ["test_coverage"],
                gate: GateSettings(artifacts: [ArtifactRequirement(type: "test_coverage")])
            )
        }
        handlers.onQuery(CheckPhase.self) { command, _, _ in
            PhaseCheck(ticketID: command.id, toPhase: command.toPhase, blockingReasons: ["it is blocked"])
        }
        handlers.on(ChangePhase.self) { [self] command, transaction in
            let before = state.withLock { $0.tickets[command.id]?.phase } ?? .backlog
            let ticket = try change(ticket: command.id, .ticketUpdated, transaction, ifVersion: command.ifVersion) {
                $0.phase = command.body.toPhase
                $0.status = command.body.toPhase.status
            }
            return PhaseChange(ticket: ticket, fromPhase: before, artifactsCollected: 0, tasks: [])
        }
    }

    /// Changes a ticket with its event.
    func change(
        ticket id: Identifier,
        _ type: EventType,
        _ transaction: Transaction,
        ifVersion: Int? = nil,
        _ body: (inout Ticket) -> Void
    ) throws -> Ticket {
        let ticket = try state.withLock { state in
            guard var ticket = state.tickets[id] else { throw Fault.notFound("ticket", id) }
            guard ifVersion ?? ticket.version == ticket.version else {
                throw Fault(.preconditionFailed, "the ticket is at version \(ticket.version)")
            }
            body(&ticket)
            ticket.version += 1
            state.tickets[id] = ticket
            return ticket
        }
        try transaction.emit(type, EventData(ticket))
        return ticket
    }
}
