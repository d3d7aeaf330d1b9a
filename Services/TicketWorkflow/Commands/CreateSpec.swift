import Contracts
import Kernel

extension CreateSpec: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Spec {
        let project = try unit.activeProject(body.projectID)
        try checkTitle(body.title, field: "title")
        let spec = Spec(
            id: .make(bucket: project.id.bucket),
            projectID: project.id,
            title: body.title,
            description: body.description,
            createdAt: unit.now
        )
        try unit.insert(spec)
        if body.analyze ?? false { try analyze(spec, unit) }
        return try unit.spec(spec.id)
    }

    /// A ticket with the one task whose agent writes the spec.
    private func analyze(_ spec: Spec, _ unit: UnitOfWork) throws {
        let made = try unit.make(
            TicketCreate(
                title: "Analyze: \(spec.title)".clipped,
                description: spec.description,
                tasks: [
                    TaskSpecification(
                        title: "Write the spec: \(spec.title)".clipped,
                        description: Self.instructions(spec),
                        phase: .requirements,
                        taskType: Self.analysis
                    )
                ]
            ),
            in: spec.projectID
        )
        try unit.link(tickets: [made.ticket.id], to: spec.id, .analysis, held: false)
        try unit.update(spec: spec.id, "analysis begun") { $0.analysisTaskID = made.tasks.first?.id }
    }

    /// Task type of the task that writes a spec.
    static let analysis = "analyze_requirements"

    private static func instructions(_ spec: Spec) -> String {
        let text = """
            Write the spec \(spec.id): requirements (when <condition>, the system shall <action>) with acceptance \
            criteria, a design, and the tasks that build it, with their dependencies. What you create is held until a \
            person approves it.

            # \(spec.title)

            \(spec.description ?? "")
            """
        return String(text.prefix(Limits.descriptionLength))
    }
}

extension UnitOfWork {
    /// Creates one ticket, with its tasks, through the same door as everybody.
    func make(_ ticket: TicketCreate, in project: Identifier) throws -> (ticket: Ticket, tasks: [WorkTask]) {
        let made = try CreateTickets(body: TicketBatch(projectID: project, tickets: [ticket])).run(self)
        guard let ticket = made.tickets.first else { throw Fault(.internalError, "no ticket was made") }
        return (ticket, made.tasks)
    }
}

extension String {
    /// Short enough for a title.
    var clipped: String { String(prefix(Limits.titleLength)) }
}
