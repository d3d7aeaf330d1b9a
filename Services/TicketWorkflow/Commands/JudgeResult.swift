import Contracts
import Kernel

extension JudgeResult: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> ValidationAnswer {
        let judgement = VerificationBody(passed: body.passed, feedback: body.feedback, evidence: body.evidence)
        if var report = try ReportStore.find(body.resultID, in: unit.database) {
            guard unit.actor.projectID ?? report.projectID == report.projectID else {
                throw Fault.notFound("result", body.resultID)
            }
            report.verification = TaskResult.Verification(judgement, by: unit.actor, at: unit.now)
            report.version += 1
            try ReportStore.update(report, in: unit.database)
            try unit.transaction.emit(.reportVerified, EventData(report))
        } else {
            _ = try VerifyResult(id: body.resultID, body: judgement).run(unit)
        }
        return ValidationAnswer(resultID: body.resultID, passed: body.passed)
    }
}

extension TaskResult.Verification {
    init(_ body: VerificationBody, by actor: Actor, at now: Timestamp) {
        self.init(
            status: body.passed ? .verified : .rejected,
            feedback: body.feedback ?? "",
            evidence: body.evidence ?? [],
            by: actor.subject,
            at: now
        )
    }
}
