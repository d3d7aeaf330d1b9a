import Contracts
import Kernel
import ServiceKit

// Specs of the stand-in workflow.
extension ScriptedWorkflow {
    func addSpecs(to handlers: inout CommandHandlers) {
        handlers.on(CreateSpec.self) { [self] command, transaction in
            guard state.withLock({ $0.projects[command.body.projectID] }) != nil else {
                throw Fault.notFound("project", command.body.projectID)
            }
            let spec = Spec(
                id: .make(),
                projectID: command.body.projectID,
                title: command.body.title,
                description: command.body.description,
                createdAt: transaction.now
            )
            state.withLock { $0.specs[spec.id] = spec }
            try transaction.emit(.specCreated, EventData(spec))
            return spec
        }
        handlers.on(UpdateSpec.self) { [self] command, transaction in
            try edit(command.id, command.ifVersion, transaction) { $0.title = command.body.title ?? $0.title }
        }
        handlers.on(DeleteSpec.self) { [self] command, transaction in
            try edit(command.id, command.ifVersion, transaction, .specDeleted) { $0.deleted = true }
        }
        handlers.on(SetDesign.self) { [self] command, transaction in
            try edit(command.id, command.ifVersion, transaction) { spec in
                spec.design = Spec.Design(
                    architecture: command.body.architecture,
                    apiSpec: (command.body.apiSpec ?? []).map {
                        .init(method: $0.method, endpoint: $0.endpoint ?? $0.path ?? "", description: "")
                    }
                )
            }
        }
        handlers.on(ApproveSpec.self) { [self] command, transaction in
            try edit(command.id, command.ifVersion, transaction, .specApproved) { spec in
                guard !spec.requirementsApproved || command.part == .design else {
                    throw Fault(.conflict, "the requirements are approved already")
                }
                spec.requirementsApproved = true
                spec.designApproved = command.part == .design
            }
        }
        addRequirements(to: &handlers)
        addSpecWork(to: &handlers)
    }

    private func addRequirements(to handlers: inout CommandHandlers) {
        handlers.on(AddRequirement.self) { [self] command, transaction in
            try edit(command.id, command.ifVersion, transaction) { spec in
                let body = command.body
                spec.requirements.append(
                    Spec.Requirement(
                        id: .make(),
                        title: body.title,
                        condition: body.condition,
                        action: body.action,
                        text: "When \(body.condition), the system shall \(body.action)."
                    )
                )
            }
        }
        handlers.on(UpdateRequirement.self) { [self] command, transaction in
            try edit(command.id, command.requirementID, transaction) { $0.title = command.body.title ?? $0.title }
        }
        handlers.on(RemoveRequirement.self) { [self] command, transaction in
            try edit(command.id, command.ifVersion, transaction) { spec in
                spec.requirements.removeAll { $0.id == command.requirementID }
            }
        }
        handlers.on(AddCriterion.self) { [self] command, transaction in
            try edit(command.id, command.requirementID, transaction) { requirement in
                requirement.criteria.append(Spec.Criterion(id: .make(), text: command.body.text))
            }
        }
        handlers.on(UpdateCriterion.self) { [self] command, transaction in
            try edit(command.id, command.requirementID, transaction) { requirement in
                for index in requirement.criteria.indices where requirement.criteria[index].id == command.criterionID {
                    requirement.criteria[index].completed = command.body.completed ?? false
                }
            }
        }
        handlers.on(RemoveCriterion.self) { [self] command, transaction in
            try edit(command.id, command.requirementID, transaction) { requirement in
                requirement.criteria.removeAll { $0.id == command.criterionID }
            }
        }
    }

    private func addSpecWork(to handlers: inout CommandHandlers) {
        handlers.on(CreateSpecTask.self) { [self] command, transaction in
            guard
                let ticket = state.withLock({ state in state.tickets.values.first { $0.id == command.body.ticketID } })
            else { throw Fault.invalid("ticket_id", "there is no such ticket") }
            let task = WorkTask(
                id: .make(),
                ticketID: ticket.id,
                projectID: ticket.projectID,
                phase: .implementation,
                title: command.body.title,
                createdAt: transaction.now
            )
            state.withLock { $0.tasks[task.id] = task }
            try transaction.emit(.taskCreated, EventData(task))
            let spec = try edit(command.id, command.ifVersion, transaction) { spec in
                spec.tickets = [.init(ticketID: ticket.id, relation: .planned, held: true)]
                spec.taskLinks.append(
                    .init(
                        taskID: task.id,
                        ticketID: ticket.id,
                        requirementIDs: command.body.requirementIDs ?? [],
                        criterionIDs: command.body.criterionIDs ?? []
                    )
                )
            }
            return SpecTaskCreated(spec: spec, task: task)
        }
        handlers.on(MaterializeSpec.self) { [self] command, transaction in
            let spec = try edit(command.id, command.ifVersion, transaction) { spec in
                guard spec.designApproved else { throw Fault(.conflict, "the design is not approved yet") }
                spec.materializedAt = transaction.now
            }
            return SpecMaterialized(spec: spec, ticketIDs: spec.tickets.map(\.ticketID), taskCount: 1)
        }
        handlers.onQuery(ListSpecVersions.self) { [self] command, _, _ in
            guard let spec = state.withLock({ $0.specs[command.id] }) else { throw Fault.notFound("spec", command.id) }
            let newest = min(spec.version, (command.before ?? .max) - 1)
            let versions = stride(from: newest, to: max(0, newest - command.limit), by: -1).map { number in
                SpecVersion(
                    id: .make(),
                    specID: spec.id,
                    number: number,
                    change: .updated,
                    summary: "changed",
                    details: .init(changed: ["title"]),
                    affects: .init(withdrawnApprovals: ["design"]),
                    createdBy: "somebody",
                    snapshot: number == spec.version ? spec : nil,
                    createdAt: spec.updatedAt
                )
            }
            let next = versions.last.flatMap { $0.number > 1 ? $0.number : nil }
            return SpecVersionPage(versions: versions, total: spec.version, nextBefore: next)
        }
    }

    private func edit(
        _ id: Identifier,
        _ version: Int?,
        _ transaction: Transaction,
        _ type: EventType = .specUpdated,
        _ change: (inout Spec) throws -> Void
    ) throws -> Spec {
        let spec = try state.withLock { state in
            guard var spec = state.specs[id], !spec.deleted else { throw Fault.notFound("spec", id) }
            guard version ?? spec.version == spec.version else {
                throw Fault(.preconditionFailed, "the spec has version \(spec.version) by now")
            }
            try change(&spec)
            spec.version += 1
            state.specs[id] = spec
            return spec
        }
        try transaction.emit(type, EventData(spec))
        return spec
    }

    private func edit(
        _ id: Identifier,
        _ requirement: Identifier,
        _ transaction: Transaction,
        _ change: (inout Spec.Requirement) -> Void
    ) throws -> Spec {
        try edit(id, nil, transaction) { spec in
            guard let index = spec.requirements.firstIndex(where: { $0.id == requirement }) else {
                throw Fault.notFound("requirement", requirement)
            }
            change(&spec.requirements[index])
        }
    }
}
