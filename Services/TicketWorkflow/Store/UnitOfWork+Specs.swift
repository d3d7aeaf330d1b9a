import Contracts
import Kernel

// Specs are read and written at once: they change rarely, and nothing on the hot path asks for them.
extension UnitOfWork {
    /// - Throws: ``Fault`` `not-found`, for a deleted one too.
    func spec(_ id: Identifier) throws -> Spec {
        guard let spec = try SpecStore.find(id, in: database), !spec.deleted else { throw Fault.notFound("spec", id) }
        return spec
    }

    /// A spec that the actor may change, in a project that takes work.
    ///
    /// - Parameter version: the one the caller saw; nil: any.
    func editableSpec(_ id: Identifier, ifVersion version: Int?) throws -> Spec {
        let spec = try spec(id)
        _ = try activeProject(spec.projectID)
        try checkVersion(version, spec.version, "spec")
        if let own = try plannedSpec() {
            guard own == id else { throw Fault(.forbidden, "the token is for another spec") }
            guard spec.materializedAt == nil else {
                throw Fault(.conflict, "the spec is being worked off; only people change it now")
            }
        }
        return spec
    }

    /// Stores a new spec with its event and first version.
    func insert(_ spec: Spec) throws {
        let body = try body(of: spec)
        try SpecStore.insert(spec, in: database)
        let changed = ["title"] + (spec.description == nil ? [] : ["description"])
        try record(spec, body, .created, "created: \(spec.title)", changed, SpecVersion.Effects())
        try transaction.emit(.specCreated, EventData(spec))
    }

    /// Changes a spec: the next version with its row and exactly one event, or nothing when nothing changed.
    @discardableResult
    func update(
        spec id: Identifier,
        _ summary: String,
        event type: EventType = .specUpdated,
        as change: SpecVersion.Change = .updated,
        _ edit: (inout Spec) throws -> Void
    ) throws -> Spec {
        let before = try spec(id)
        var after = before
        try edit(&after)
        after.derive(try work(of: after))
        guard after != before else { return before }
        after.version += 1
        after.updatedAt = now
        // A move of a ticket is no edit of the spec: it must never fail because the spec is as long as it may be.
        let body = try body(of: after, isLimited: change != .phaseChanged)
        try SpecStore.update(after, body: body, in: database)
        let comparison = SpecComparison(before: before, after: after)
        try record(after, body, change, summary, comparison.changed, comparison.effects)
        try transaction.emit(type, EventData(after))
        return after
    }

    /// How far the tickets of the spec's work are.
    func work(of spec: Spec) throws -> SpecWork {
        SpecWork(
            try spec.tickets.filter { $0.relation != .analysis }.map { try ticket($0.ticketID) }
                .filter { !$0.archived }.map(\.phase)
        )
    }

    /// Tells the specs that know a ticket that it moved.
    func noteMove(ofTicket id: Identifier) throws {
        for spec in try SpecStore.specs(ofTicket: id, in: database) {
            try update(spec: spec, "\(try ticket(id).key) moved", as: .phaseChanged) { _ in }
        }
    }

    /// Links tickets made for the spec to it.
    ///
    /// - Parameter held: whether they wait for the spec to be materialized.
    func link(tickets ids: [Identifier], to spec: Identifier, _ relation: Spec.LinkedTicket.Relation, held: Bool)
        throws
    {
        guard !ids.isEmpty else { return }
        let keys = try ids.map { try ticket($0).key }.joined(separator: ", ")
        try update(spec: spec, "tickets added: \(String(keys.prefix(Limits.titleLength)))") { spec in
            for id in ids { try spec.link(Spec.LinkedTicket(ticketID: id, relation: relation, held: held)) }
        }
        for id in ids where try ticket(id).specID == nil {
            try update(ticket: id, .ticketUpdated) { $0.specID = spec }
        }
    }

    private func record(
        _ spec: Spec,
        _ body: String,
        _ change: SpecVersion.Change,
        _ summary: String,
        _ changed: [String],
        _ effects: SpecVersion.Effects
    ) throws {
        let version = SpecVersion(
            id: .make(bucket: spec.id.bucket),
            specID: spec.id,
            number: spec.version,
            change: change,
            summary: summary,
            details: SpecVersion.Details(changed: changed),
            affects: effects,
            createdBy: actor.subject,
            snapshot: nil,
            createdAt: now
        )
        try SpecVersionStore.insert(version, snapshot: body, in: database)
    }

    /// - Throws: ``Fault`` `body-too-large` above ``Limits/specBytes``.
    private func body(of spec: Spec, isLimited: Bool = true) throws -> String {
        let body = try JSONText.encode(spec)
        guard !isLimited || body.utf8.count <= Limits.specBytes else {
            throw Fault(
                .tooLarge,
                "the spec would have \(body.utf8.count) bytes, at most \(Limits.specBytes) fit; shorten its texts"
            )
        }
        return body
    }
}

// MARK: - Planners

extension UnitOfWork {
    /// The spec that the actor, a sandbox with scope `plan`, writes; nil for everybody else.
    ///
    /// - Throws: ``Fault`` `attempt-superseded` when the sandbox's attempt is over.
    func plannedSpec() throws -> Identifier? {
        guard actor.scope == .plan else { return nil }
        guard let binding = actor.binding,
            let attempt = try AttemptStore.find(task: binding.taskID, number: binding.attempt, in: database)
        else { throw Fault(.forbidden, "the token is not bound to an attempt") }
        let record = try taskRecord(binding.taskID)
        guard attempt.status == .open, attempt.fence == binding.fence, record.fence == binding.fence else {
            throw Fault(.attemptSuperseded, "the attempt that may plan has ended: \(attempt.status.rawValue)")
        }
        guard let spec = try SpecStore.analysed(by: record.task.lineageID, in: database) else {
            throw Fault(.conflict, "the spec of this task was deleted")
        }
        return spec
    }

    /// A planner adds tasks only to tickets that wait for its spec.
    ///
    /// - Throws: ``Fault`` `forbidden` for any other ticket.
    func checkMayPlan(in ticket: Ticket) throws {
        guard let id = try plannedSpec() else { return }
        guard try spec(id).tickets.contains(where: { $0.ticketID == ticket.id && $0.held }) else {
            throw Fault(.forbidden, "a plan token adds tasks only to tickets of its spec that wait for approval")
        }
    }
}

extension TicketBatch {
    /// The same tickets, waiting in the backlog until somebody lets them go.
    ///
    /// - Throws: ``Fault`` `forbidden` when one of them should begin elsewhere.
    func held() throws -> TicketBatch {
        var batch = self
        for index in batch.tickets.indices {
            let ticket = batch.tickets[index]
            guard (ticket.phase ?? .backlog) == .backlog, (ticket.status ?? .backlog) == .backlog else {
                throw Fault(.forbidden, "tickets[\(index)]: a plan token creates tickets in the backlog only")
            }
            batch.tickets[index].autoStart = false
        }
        return batch
    }
}
