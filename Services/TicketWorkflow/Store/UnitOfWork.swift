import Contracts
import GRDB
import Kernel
import ServiceKit
import Storage

/// What handlers need beside their transaction.
struct WorkflowEnvironment: Sendable {
    let configuration: WorkflowConfiguration
    let time: any TimeSource
    let leases: LeaseTable
    let tokens: TokenIssuer
    /// Uniform in 0..<1, for jitter.
    let random: @Sendable () -> Double
    /// Tells an orchestrator to stop a sandbox; called after the commit, may get lost.
    let stop: @Sendable (_ orchestrator: String, StopSandbox) -> Void
    /// Raised when there is a new effect to perform.
    let effects = EffectSignal()
    /// What orchestrators said of their slots.
    let capacities = CapacityTable()
}

/// One transaction's view of the workflow: what was loaded, what changed, what has to be settled.
///
/// Every change of an entity goes through it, gets the next version and exactly one event. Rows are written once, when
/// a query needs them or at the end.
final class UnitOfWork {
    /// A column of a project's board.
    struct Column: Hashable {
        var project: Identifier
        var status: TicketStatus
    }

    let transaction: Transaction
    let environment: WorkflowEnvironment
    private var projects: [Identifier: Project] = [:]
    private var tickets: [Identifier: TicketRecord] = [:]
    private var tasks: [Identifier: TaskRecord] = [:]
    private var unwrittenTickets: Set<Identifier> = []
    private var unwrittenTasks: Set<Identifier> = []
    /// Tickets whose task counts changed without an event so far.
    private var recounted: [Identifier] = []
    /// Tickets to settle, in order, each once.
    var unsettled: [Identifier] = []
    /// Tickets that asked for a place in a column, in order.
    var applicants: [Identifier] = []
    /// Columns in which a place may have become free or is asked for.
    var freed: Set<Column> = []
    /// Moves into columns with a limit made so far, see ``UnitOfWork/fillLimit``.
    var fills = 0

    init(_ transaction: Transaction, _ environment: WorkflowEnvironment) {
        self.transaction = transaction
        self.environment = environment
    }

    var database: Database { transaction.database }
    var now: Timestamp { transaction.now }

    /// - Throws: ``Fault`` `not-found`.
    func project(_ id: Identifier) throws -> Project {
        if let project = projects[id] { return project }
        guard let project = try ProjectStore.find(id, in: database) else { throw Fault.notFound("project", id) }
        projects[id] = project
        return project
    }

    /// - Throws: ``Fault`` `not-found`.
    func ticketRecord(_ id: Identifier) throws -> TicketRecord {
        if let record = tickets[id] { return record }
        guard let record = try TicketStore.find(id, in: database) else { throw Fault.notFound("ticket", id) }
        tickets[id] = record
        return record
    }

    /// - Throws: ``Fault`` `not-found`.
    func ticket(_ id: Identifier) throws -> Ticket { try ticketRecord(id).ticket }

    /// - Throws: ``Fault`` `not-found`.
    func taskRecord(_ id: Identifier) throws -> TaskRecord {
        if let record = tasks[id] { return record }
        guard let record = try TaskStore.find(id, in: database) else { throw Fault.notFound("task", id) }
        tasks[id] = record
        return record
    }

    /// - Throws: ``Fault`` `not-found`.
    func task(_ id: Identifier) throws -> WorkTask { try taskRecord(id).task }

    /// The newer of what a query found and what this unit knows already.
    func known(_ record: TaskRecord) -> TaskRecord {
        if let known = tasks[record.task.id] { return known }
        tasks[record.task.id] = record
        return record
    }
}

// MARK: - Changes

extension UnitOfWork {
    /// Stores a new project with its event.
    func insert(_ project: Project) throws {
        projects[project.id] = project
        try ProjectStore.insert(project, in: database)
        try watchForBlocking(in: project.id)
        try transaction.emit(.projectCreated, EventData(project))
    }

    /// Changes a project: the next version, one event.
    @discardableResult
    func update(project id: Identifier, _ type: EventType, _ change: (inout Project) -> Void) throws -> Project {
        var project = try project(id)
        change(&project)
        project.version += 1
        project.updatedAt = now
        projects[id] = project
        try ProjectStore.update(project, in: database)
        try transaction.emit(type, EventData(project))
        return project
    }

    /// Stores a new ticket. Its event is ``announce(ticket:)``.
    func insert(_ ticket: Ticket) throws {
        let record = TicketRecord(ticket: ticket)
        tickets[ticket.id] = record
        try TicketStore.insert(record, in: database)
        try DuplicateIndex.insert(ticket, in: database)
        try requestEmbedding(ofTicket: ticket)
    }

    /// Emits the creation of a ticket; one that does not begin in the backlog has that as its first transition.
    func announce(ticket id: Identifier) throws {
        let ticket = try ticket(id)
        var transition: Transition?
        if ticket.phase != .backlog {
            let born = Transition(
                id: .make(bucket: id.bucket),
                ticketID: id,
                from: .backlog,
                to: ticket.phase,
                cause: .created,
                actor: transaction.actor.subject,
                at: now
            )
            try TicketStore.insert(born, in: database)
            transition = born
        }
        try transaction.emit(.ticketCreated, EventData(ticket, transition: transition))
    }

    /// Changes a ticket: the next version, one event.
    @discardableResult
    func update(
        ticket id: Identifier,
        _ type: EventType,
        transition: Transition? = nil,
        _ change: (inout Ticket) -> Void
    ) throws -> Ticket {
        var record = try ticketRecord(id)
        let wasCounted = record.isCounted
        let before = record.ticket
        change(&record.ticket)
        record.ticket.version += 1
        record.ticket.updatedAt = now
        tickets[id] = record
        unwrittenTickets.insert(id)
        recounted.removeAll { $0 == id }
        if try DuplicateIndex.update(before, to: record.ticket, in: database) {
            try requestEmbedding(ofTicket: record.ticket)
        }
        if wasCounted, !record.isCounted { try free(record.ticket.status, of: record.ticket.projectID) }
        try transaction.emit(type, EventData(record.ticket, transition: transition))
        if type == .ticketTransitioned || type == .ticketArchived { try noteMove(ofTicket: id) }
        return try ticket(id)
    }

    /// Notes the column a ticket waits for. Nobody but the owner sees it, so there is no version and no event.
    func setWanted(_ status: TicketStatus?, of id: Identifier) throws {
        var record = try ticketRecord(id)
        guard record.wanted != status else { return }
        record.wanted = status
        tickets[id] = record
        unwrittenTickets.insert(id)
    }

    /// Counts tasks of a ticket. The new counts travel with the ticket's next event, at the latest at the end.
    func recount(ticket id: Identifier, tasks: Int = 0, completed: Int = 0) throws {
        var record = try ticketRecord(id)
        record.ticket.taskCount += tasks
        record.ticket.completedTaskCount += completed
        tickets[id] = record
        unwrittenTickets.insert(id)
        if !recounted.contains(id) { recounted.append(id) }
    }

    /// Stores a new task, pending and not ready, with its event.
    func insert(_ task: WorkTask) throws {
        let record = TaskRecord(task: task)
        tasks[task.id] = record
        try TaskStore.insert(record, in: database)
        if task.deadlineAt != nil { try watchDeadline(of: task) }
        try transaction.emit(.taskCreated, EventData(task))
    }

    /// Changes a task: the next version, one event.
    @discardableResult
    func update(
        task id: Identifier,
        _ type: EventType,
        attempt: Attempt? = nil,
        _ change: (inout TaskRecord) throws -> Void
    ) throws -> TaskRecord {
        var record = try taskRecord(id)
        try change(&record)
        record.task.version += 1
        record.task.updatedAt = now
        tasks[id] = record
        unwrittenTasks.insert(id)
        try transaction.emit(type, EventData(record.task, attempt: attempt))
        return record
    }

    /// Changes what nobody but the owner sees of a task.
    func note(task id: Identifier, _ change: (inout TaskRecord) -> Void) throws {
        var record = try taskRecord(id)
        change(&record)
        tasks[id] = record
        unwrittenTasks.insert(id)
    }

    /// Asks for the ticket to be settled at the end of the unit.
    func touch(ticket id: Identifier) {
        if !unsettled.contains(id) { unsettled.append(id) }
    }

    /// Notes that a place in the column may be free.
    func free(_ status: TicketStatus, of project: Identifier) throws {
        if try self.project(project).settings.limit(of: status) != nil {
            freed.insert(Column(project: project, status: status))
        }
    }

    /// Writes what changed, so that queries see it.
    func flush() throws {
        for id in unwrittenTickets {
            if let record = tickets[id] { try TicketStore.update(record, in: database) }
        }
        unwrittenTickets.removeAll(keepingCapacity: true)
        for id in unwrittenTasks {
            if let record = tasks[id] { try TaskStore.update(record, in: database) }
        }
        unwrittenTasks.removeAll(keepingCapacity: true)
    }

    /// Emits the counts no other event has carried, and writes everything.
    func finish() throws {
        for id in recounted { try update(ticket: id, .ticketUpdated) { _ in } }
        try flush()
    }
}
