import Contracts
import Kernel

extension SetDesign: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> Spec {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        let endpoints = try (body.apiSpec ?? []).enumerated().map { position, endpoint in
            guard let path = endpoint.endpoint ?? endpoint.path else {
                throw Fault.invalid("api_spec[\(position)].endpoint", "is required")
            }
            return Spec.Design.Endpoint(
                method: endpoint.method,
                endpoint: path,
                description: endpoint.description ?? endpoint.purpose ?? ""
            )
        }
        let design = Spec.Design(architecture: body.architecture, dataModel: body.dataModel, apiSpec: endpoints)
        return try unit.update(spec: id, "design replaced") { $0.set(design) }
    }
}

extension ApproveSpec: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Spec {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        let change: SpecVersion.Change = part == .requirements ? .requirementsApproved : .designApproved
        return try unit.update(spec: id, "\(part.rawValue) approved", event: .specApproved, as: change) { spec in
            try spec.approve(part, now: unit.now)
        }
    }
}
