import Contracts
import Kernel

extension CreateTickets: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> TicketBatchResponse {
        let project = try unit.activeProject(body.projectID)
        let spec = try unit.plannedSpec()
        var plan = try TicketPlan(spec == nil ? body : body.held(), project)
        try plan.resolve(unit)
        if let duplicates = try duplicates(of: project, unit) {
            return TicketBatchResponse(tickets: [], tasks: [], duplicates: duplicates)
        }
        for index in plan.tickets.indices {
            let number = try ProjectStore.takeTicketNumber(of: project.id, in: unit.database)
            try plan.insert(ticket: index, number: number, unit)
        }
        for ticket in plan.tickets { try TicketStore.insertBlockers(of: ticket.entity, in: unit.database) }
        for ticket in plan.tickets {
            try unit.announce(ticket: ticket.entity.id)
            if project.settings.approval.required { try unit.requestReview(ofTicket: ticket.entity.id) }
            for task in ticket.tasks { try unit.insert(task) }
        }
        let tasks = plan.tickets.flatMap(\.tasks)
        for task in tasks where !task.dependsOn.isEmpty {
            try DependencyStore.insert(task.dependsOn, of: task.id, in: unit.database)
        }
        // A new task without dependencies waits only for what its ticket waits for already: it cannot close a cycle.
        try unit.checkCycles(
            from: plan.tickets.filter { !$0.entity.blockedBy.isEmpty }.map { .start(ticket: $0.entity.id) }
                + tasks.filter { !$0.dependsOn.isEmpty }.map { .task($0.id) }
        )
        for ticket in plan.tickets { unit.touch(ticket: ticket.entity.id) }
        if let spec { try unit.link(tickets: plan.tickets.map(\.entity.id), to: spec, .planned, held: true) }
        try unit.settle()
        return TicketBatchResponse(
            tickets: try plan.tickets.map { try unit.ticket($0.entity.id) },
            tasks: try tasks.map { try unit.task($0.id) }
        )
    }
}

/// A request for tickets on its way to becoming them: checked, with ids, with references resolved.
private struct TicketPlan {
    struct Item {
        var request: TicketCreate
        var entity: Ticket
        var tasks: [WorkTask]
    }

    private let project: Project
    private(set) var tickets: [Item] = []
    private var ticketRefs: [String: Identifier] = [:]
    private var taskRefs: [String: Identifier] = [:]

    init(_ body: TicketBatch, _ project: Project) throws {
        self.project = project
        guard !body.tickets.isEmpty else { throw Fault.invalid("tickets", "must not be empty") }
        guard body.tickets.count <= Limits.ticketsPerBatch else {
            throw Fault.invalid("tickets", "must be at most \(Limits.ticketsPerBatch)")
        }
        guard body.tickets.reduce(0, { $0 + ($1.tasks?.count ?? 0) }) <= Limits.tasksPerBatch else {
            throw Fault.invalid("tickets", "must have at most \(Limits.tasksPerBatch) tasks together")
        }
        for (index, request) in body.tickets.enumerated() {
            let place = "tickets[\(index)]"
            guard request.projectID == nil || request.projectID == project.id else {
                throw Fault.invalid("\(place).project_id", "must be the project of the request")
            }
            try checkTitle(request.title, field: "\(place).title")
            let id = Identifier.make(bucket: project.id.bucket)
            try Self.note(request.ref, id, in: &ticketRefs, field: "\(place).ref")
            let now = id.timestamp
            let ticket = Ticket(
                id: id,
                key: "",
                projectID: project.id,
                title: request.title,
                description: request.description,
                phase: try Self.phase(request, place),
                priority: request.priority ?? .medium,
                labels: request.labels ?? [],
                autoStart: request.autoStart ?? true,
                createdAt: now,
                updatedAt: now,
                enteredPhaseAt: now
            )
            let tasks = try plan(request.tasks ?? [], of: ticket, place)
            tickets.append(Item(request: request, entity: ticket, tasks: tasks))
        }
    }

    /// Turns names into ids, in the order of the request.
    mutating func resolve(_ unit: UnitOfWork) throws {
        for index in tickets.indices {
            let place = "tickets[\(index)]"
            let id = tickets[index].entity.id
            for (position, name) in (tickets[index].request.blockedBy ?? []).enumerated() {
                let field = "\(place).blocked_by[\(position)]"
                let blocker = try ticket(named: name, field: field, unit)
                guard blocker != id else { throw Fault.invalid(field, "a ticket cannot wait for itself") }
                if !tickets[index].entity.blockedBy.contains(blocker) {
                    tickets[index].entity.blockedBy.append(blocker)
                }
            }
            for (number, specification) in (tickets[index].request.tasks ?? []).enumerated() {
                for (position, name) in (specification.dependsOn ?? []).enumerated() {
                    let field = "\(place).tasks[\(number)].depends_on[\(position)]"
                    let dependency = try task(named: name, field: field, unit)
                    guard dependency != tickets[index].tasks[number].id else {
                        throw Fault.invalid(field, "a task cannot depend on itself")
                    }
                    if !tickets[index].tasks[number].dependsOn.contains(dependency) {
                        tickets[index].tasks[number].dependsOn.append(dependency)
                    }
                }
            }
        }
    }

    /// Stores the ticket itself under its key, through the door of its column.
    mutating func insert(ticket index: Int, number: Int, _ unit: UnitOfWork) throws {
        var ticket = tickets[index].entity
        ticket.key = "\(project.key)-\(number)"
        ticket.taskCount = tickets[index].tasks.count
        ticket.createdAt = unit.now
        ticket.updatedAt = unit.now
        ticket.enteredPhaseAt = unit.now
        guard try unit.hasRoom(in: ticket.status, of: project.id) else {
            throw Fault(
                .limitReached,
                "the column '\(ticket.status.rawValue)' has no room; create the ticket in the backlog instead"
            )
        }
        try unit.insert(ticket)
        tickets[index].entity = ticket
        for task in tickets[index].tasks.indices { tickets[index].tasks[task].setCreation(unit.now) }
    }

    private mutating func plan(
        _ specifications: [TaskSpecification],
        of ticket: Ticket,
        _ place: String
    ) throws -> [WorkTask] {
        guard specifications.count <= Limits.tasksPerTicket else {
            throw Fault.invalid("\(place).tasks", "must be at most \(Limits.tasksPerTicket)")
        }
        return try specifications.enumerated().map { number, specification in
            let place = "\(place).tasks[\(number)]"
            try checkTitle(specification.title, field: "\(place).title")
            let phase = try taskPhase(specification.phase, of: ticket, field: "\(place).phase_id")
            let id = Identifier.make(bucket: project.id.bucket)
            try Self.note(specification.ref, id, in: &taskRefs, field: "\(place).ref")
            guard specification.dependsOn?.count ?? 0 <= Limits.dependenciesPerTask else {
                throw Fault.invalid("\(place).depends_on", "must be at most \(Limits.dependenciesPerTask)")
            }
            var task = WorkTask(
                id: id,
                ticketID: ticket.id,
                projectID: project.id,
                phase: phase,
                taskType: specification.taskType ?? "implementation",
                title: specification.title,
                description: specification.description ?? "",
                priority: specification.priority ?? ticket.priority,
                maxAttempts: project.settings.maxAttempts,
                timeoutSeconds: specification.timeoutSeconds,
                createdAt: ticket.createdAt
            )
            task.deadlineAt = specification.deadlineAt
            return task
        }
    }

    private static func note(
        _ ref: String?,
        _ id: Identifier,
        in refs: inout [String: Identifier],
        field: String
    ) throws {
        guard let ref else { return }
        guard refs.updateValue(id, forKey: ref) == nil else {
            throw Fault.invalid(field, "'\(ref)' is used twice in this request")
        }
    }

    private static func phase(_ request: TicketCreate, _ place: String) throws -> Phase {
        if let phase = request.phase, let status = request.status, phase.status != status {
            throw Fault.invalid(
                "\(place).status",
                "'\(status.rawValue)' disagrees with \(phase.rawValue); give one of them"
            )
        }
        let phase = request.phase ?? request.status?.phases.first ?? .backlog
        guard phase != .done else { throw Fault.invalid("\(place).phase_id", "a new ticket cannot be done") }
        return phase
    }

    private func ticket(named name: String, field: String, _ unit: UnitOfWork) throws -> Identifier {
        if let id = ticketRefs[name] { return id }
        let id = try Identifier(name) ?? TicketStore.identifier(ofKey: name, in: unit.database)
        guard let id, let ticket = try? unit.ticket(id), ticket.projectID == project.id else {
            throw Fault.invalid(field, "there is no ticket '\(name)' in this project or this request")
        }
        return id
    }

    private func task(named name: String, field: String, _ unit: UnitOfWork) throws -> Identifier {
        if let id = taskRefs[name] { return id }
        guard let id = Identifier(name) else {
            throw Fault.invalid(field, "'\(name)' is neither the ref of a task in this request nor an id")
        }
        try unit.checkDependency(id, of: project.id, field: field)
        return id
    }
}

extension WorkTask {
    fileprivate mutating func setCreation(_ time: Timestamp) {
        createdAt = time
        updatedAt = time
    }
}

/// - Throws: ``Fault`` `invalid-field` for a title without a visible character.
func checkTitle(_ title: String, field: String) throws {
    guard title.contains(where: { !$0.isWhitespace }) else { throw Fault.invalid(field, "must not be empty") }
    guard title.unicodeScalars.count <= Limits.titleLength else {
        throw Fault.invalid(field, "must be at most \(Limits.titleLength) characters")
    }
}

/// The phase of a new task: what the request says, else the ticket's own if it has tasks, else implementation.
///
/// - Throws: ``Fault`` `invalid-field` for a phase without tasks.
func taskPhase(_ requested: Phase?, of ticket: Ticket, field: String) throws -> Phase {
    guard let requested else { return ticket.phase.hasTasks ? ticket.phase : .implementation }
    guard requested.hasTasks else {
        let allowed = Phase.allCases.filter(\.hasTasks).map(\.rawValue).joined(separator: ", ")
        throw Fault.invalid(field, "\(requested.rawValue) has no tasks; use one of \(allowed)")
    }
    return requested
}
