import Contracts

extension DescribeKey: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> VerificationKey { inquiry.environment.tokens.verificationKey }
}
