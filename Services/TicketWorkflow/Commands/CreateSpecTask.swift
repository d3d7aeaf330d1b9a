import Contracts
import Kernel

extension CreateSpecTask: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> SpecTaskCreated {
        let spec = try unit.editableSpec(id, ifVersion: ifVersion)
        try checkTitle(body.title, field: "title")
        let ticket = try ticket(spec, unit)
        let task = try CreateTask(
            body: TaskCreate(
                ticketID: ticket,
                title: body.title,
                description: body.description,
                phase: try phase(),
                taskType: body.taskType,
                priority: try priority(),
                dependsOn: body.dependsOn,
                timeoutSeconds: body.timeoutSeconds
            )
        ).run(unit)
        let link = Spec.TaskLink(
            taskID: task.id,
            ticketID: ticket,
            requirementIDs: Self.unique(body.requirementIDs ?? []),
            criterionIDs: Self.unique(body.criterionIDs ?? [])
        )
        let linked = try unit.update(spec: id, "task added: \(task.title)".clipped) { try $0.link(link) }
        return SpecTaskCreated(spec: linked, task: try unit.task(task.id))
    }

    /// The ticket that was asked for, or the spec's own, made when there is none that still takes tasks.
    private func ticket(_ spec: Spec, _ unit: UnitOfWork) throws -> Identifier {
        if let asked = body.ticketID {
            guard let ticket = try? unit.ticket(asked), ticket.projectID == spec.projectID else {
                throw Fault.invalid("ticket_id", "there is no ticket '\(asked)' in the spec's project")
            }
            if !spec.tickets.contains(where: { $0.ticketID == asked }) {
                try unit.checkMayPlan(in: ticket)
                try unit.link(tickets: [asked], to: id, .linked, held: false)
            }
            return asked
        }
        if let own = try spec.ticketID.map({ try unit.ticket($0) }), !own.archived, own.phase != .done {
            return own.id
        }
        return try ownTicket(of: spec, unit)
    }

    private func ownTicket(of spec: Spec, _ unit: UnitOfWork) throws -> Identifier {
        let isHeld = spec.materializedAt == nil
        let made = try unit.make(
            TicketCreate(
                title: "[Spec] \(spec.title)".clipped,
                description: spec.description,
                phase: .backlog,
                autoStart: !isHeld
            ),
            in: spec.projectID
        )
        // A planner's ticket is linked by its creation.
        if unit.actor.scope != .plan {
            try unit.link(tickets: [made.ticket.id], to: id, .planned, held: isHeld)
        }
        try unit.update(spec: id, "own ticket: \(made.ticket.key)") { $0.ticketID = made.ticket.id }
        return made.ticket.id
    }

    private func phase() throws -> Phase {
        guard let name = body.phase else { return .implementation }
        guard let phase = Spec.Stage(rawValue: name)?.taskPhase ?? Phase(rawValue: name), phase.hasTasks else {
            throw Fault.invalid("phase", "'\(name)' has no tasks")
        }
        return phase
    }

    private func priority() throws -> Priority {
        guard let name = body.priority else { return .medium }
        guard let priority = Priority(rawValue: name.uppercased()) else {
            throw Fault.invalid("priority", "'\(name)' is not a priority")
        }
        return priority
    }

    private static func unique(_ ids: [Identifier]) -> [Identifier] {
        var seen: Set<Identifier> = []
        return ids.filter { seen.insert($0).inserted }
    }
}
