import Contracts
import Kernel

extension AddRequirement: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> Spec {
        let spec = try unit.editableSpec(id, ifVersion: ifVersion)
        let requirement = Spec.Requirement(
            id: .make(bucket: spec.id.bucket),
            title: body.title,
            condition: body.condition,
            action: body.action,
            text: RequirementText.sentence(condition: body.condition, action: body.action),
            criteria: (body.criteria ?? []).map { Spec.Criterion(id: .make(bucket: spec.id.bucket), text: $0) },
            linkedDesign: body.linkedDesign
        )
        return try unit.update(spec: id, "requirement added: \(body.title)".clipped) { try $0.add(requirement) }
    }
}

extension UpdateRequirement: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> Spec {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        return try unit.update(spec: id, "requirement changed") { try $0.edit(requirementID, body) }
    }
}

extension RemoveRequirement: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> Spec {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        return try unit.update(spec: id, "requirement removed") { try $0.removeRequirement(requirementID) }
    }
}

extension AddCriterion: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> Spec {
        let spec = try unit.editableSpec(id, ifVersion: ifVersion)
        let criterion = Spec.Criterion(id: .make(bucket: spec.id.bucket), text: body.text)
        return try unit.update(spec: id, "criterion added") { try $0.add(criterion, to: requirementID) }
    }
}

extension UpdateCriterion: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> Spec {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        return try unit.update(spec: id, "criterion changed") { try $0.edit(criterionID, of: requirementID, body) }
    }
}

extension RemoveCriterion: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> Spec {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        return try unit.update(spec: id, "criterion removed") { try $0.removeCriterion(criterionID, of: requirementID) }
    }
}
