import Contracts
import Kernel

extension DescribeResult: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> TaskResult {
        guard let result = try ResultStore.find(id, in: inquiry.database),
            let task = try TaskStore.find(result.taskID, in: inquiry.database)?.task,
            inquiry.actor.projectID == nil || inquiry.actor.projectID == task.projectID
        else { throw Fault.notFound("result", id) }
        return result
    }
}

extension ListResults: WorkflowQuery {
    static var access: Access { .viewer }

    /// A page ends when this much was read.
    private static let bytes = Limits.messageBytes / 2

    func run(_ inquiry: Inquiry) throws -> ResultPage {
        var filter = self
        if let own = inquiry.actor.projectID {
            guard projectID == nil || projectID == own else { throw Fault.notFound("project", projectID ?? own) }
            filter.projectID = own
        }
        filter.limit = min(max(limit, 1), Limits.pageMax)
        let (results, hasMore) = try ResultStore.list(filter, bytes: Self.bytes, in: inquiry.database)
        return ResultPage(results: results, hasMore: hasMore)
    }
}
