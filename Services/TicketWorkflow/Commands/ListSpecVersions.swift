import Contracts
import Kernel

extension ListSpecVersions: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> SpecVersionPage {
        guard let spec = try SpecStore.find(id, in: inquiry.database),
            inquiry.actor.projectID == nil || inquiry.actor.projectID == spec.projectID
        else { throw Fault.notFound("spec", id) }
        let limit = min(max(limit, 1), Limits.pageMax)
        let versions = try SpecVersionStore.page(
            of: id,
            before: before ?? .max,
            limit: limit,
            bytes: Limits.messageBytes / 4,
            in: inquiry.database
        )
        return SpecVersionPage(
            versions: versions,
            total: try SpecVersionStore.count(of: id, in: inquiry.database),
            nextBefore: versions.last.flatMap { $0.number > 1 ? $0.number : nil }
        )
    }
}
