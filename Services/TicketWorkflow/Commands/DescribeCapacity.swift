import Contracts

extension DescribeCapacity: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> SandboxCapacity {
        SandboxCapacity(inquiry.environment.capacities.present(uptime: inquiry.environment.time.uptime()))
    }
}
