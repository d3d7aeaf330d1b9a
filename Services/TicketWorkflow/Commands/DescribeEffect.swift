import Contracts
import Kernel

extension DescribeEffect: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> EffectReport {
        guard let (report, project) = try EffectStore.report(id, in: inquiry.database),
            inquiry.actor.projectID == nil || inquiry.actor.projectID == project
        else { throw Fault.notFound("effect", id) }
        return report
    }
}
