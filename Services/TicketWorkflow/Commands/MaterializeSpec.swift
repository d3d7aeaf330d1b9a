import Contracts
import Kernel

extension MaterializeSpec: WorkflowCommand {
    static var access: Access { .member }

    /// Its tickets start like any other from now on. Asking again lets go what came in between.
    func run(_ unit: UnitOfWork) throws -> SpecMaterialized {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        var held: [Identifier] = []
        try unit.update(spec: id, "materialized", as: .materialized) { spec in
            held = try spec.materialize(now: unit.now)
        }
        var tasks = 0
        for id in held {
            tasks += try TaskStore.unfinished(of: id, in: unit.database).count
            if try !unit.ticket(id).autoStart { try unit.update(ticket: id, .ticketUpdated) { $0.autoStart = true } }
            unit.touch(ticket: id)
        }
        try unit.settle()
        return SpecMaterialized(spec: try unit.spec(id), ticketIDs: held, taskCount: tasks)
    }
}
