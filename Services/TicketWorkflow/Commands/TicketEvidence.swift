import Contracts
import Kernel

extension AddArtifact: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> TicketArtifact {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        if ticket.archived { throw Fault(.conflict, "\(ticket.key) is archived") }
        let artifact = TicketArtifact(
            id: .make(bucket: id.bucket),
            ticketID: id,
            phase: body.phase,
            type: body.type,
            path: body.path,
            content: body.content,
            round: ticket.round,
            collectedBy: body.collectedBy ?? "api",
            collectedAt: unit.now
        )
        try unit.add([artifact], to: id)
        try unit.settle()
        return artifact
    }
}

extension ListArtifacts: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> ArtifactList {
        guard let ticket = try TicketStore.find(id, in: inquiry.database)?.ticket else {
            throw Fault.notFound("ticket", id)
        }
        try inquiry.actor.checkProject(ticket.projectID)
        return ArtifactList(artifacts: try ArtifactStore.all(of: id, in: inquiry.database))
    }
}

extension DescribeGate: WorkflowCommand {
    static var access: Access { .viewer }

    func run(_ unit: UnitOfWork) throws -> GateReport {
        let ticket = try unit.ticket(id)
        try unit.actor.checkProject(ticket.projectID)
        let phase = phase ?? ticket.phase
        let situation = try unit.situation(of: id)
        return Gate.report(phase, situation)
    }
}

extension UnitOfWork {
    /// Stores evidence and names it on the ticket.
    ///
    /// - Parameter keepingNewest: the ticket forgets its oldest evidence to make room; what a result brings must never
    ///   be the reason to refuse the result.
    /// - Throws: ``Fault`` when there is too much of it.
    func add(_ artifacts: [TicketArtifact], to id: Identifier, keepingNewest: Bool = false) throws {
        guard !artifacts.isEmpty else { return }
        let present = try ticket(id).artifacts ?? []
        guard keepingNewest || present.count + artifacts.count <= Limits.artifactsPerTicket else {
            throw Fault(
                .conflict,
                "the ticket has \(present.count) artifacts; \(Limits.artifactsPerTicket) are the limit"
            )
        }
        for artifact in artifacts {
            let size = try artifact.content.map { try ContractCoder.encode($0).count } ?? 0
            guard size <= Limits.artifactBytes else {
                throw Fault.invalid("artifact_content", "has \(size) bytes, at most \(Limits.artifactBytes) fit")
            }
            try ArtifactStore.insert(artifact, in: database)
        }
        let all = present + artifacts.map { Ticket.ArtifactReference($0) }
        try update(ticket: id, .ticketUpdated) { $0.artifacts = all.suffix(Limits.artifactsPerTicket) }
        touch(ticket: id)
    }

    /// Keeps what a result brings as evidence: what it says itself, and what its commits and checks show when the gate
    /// of its phase asks for that.
    ///
    /// - Throws: ``Fault`` as ``add(_:to:)-(_,_)``.
    func collect(_ result: TaskResult, _ submissions: [ArtifactSubmission], of task: WorkTask) throws {
        let ticket = try ticket(task.ticketID)
        guard task.round == ticket.round || task.phase < .implementation else { return }
        let wanted = Set(try project(task.projectID).settings.gate(of: task.phase)?.artifacts.map(\.type) ?? [])
        guard !submissions.isEmpty || !wanted.isEmpty else { return }
        let given = Set(submissions.map(\.type))
        let derived = Gate.derived(from: result).filter { wanted.contains($0.type) && !given.contains($0.type) }
        let artifacts = (submissions + derived).map { submission in
            TicketArtifact(
                id: .make(bucket: ticket.id.bucket),
                ticketID: ticket.id,
                phase: task.phase,
                type: submission.type,
                path: submission.path,
                content: submission.content,
                round: ticket.round,
                resultID: result.id,
                collectedBy: "result",
                collectedAt: now
            )
        }
        try add(artifacts, to: ticket.id, keepingNewest: true)
    }
}
