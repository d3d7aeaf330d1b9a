import Contracts
import GRDB
import Kernel
import ServiceKit
import Synchronization
import Testing

@testable import TicketWorkflow

/// The cost of an operation does not depend on how much there is.
@Suite(.timeLimit(.minutes(1)))
struct GrowthTests {
    @Test func `claims, results, heartbeats, explain and retries never scan a table`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.wipLimits = ["building": 2] }
            for _ in 0..<3 {
                _ = try await workflow.tickets(
                    project,
                    [
                        TicketCreate(
                            title: "t",
                            tasks: [
                                TaskSpecification(ref: "a", title: "a"),
                                TaskSpecification(title: "b", dependsOn: ["a"]),
                                TaskSpecification(title: "c", phase: .testing),
                            ]
                        )
                    ]
                )
            }
            let statements = try await trace(workflow)
            #expect(statements.count > 30)
            // One row per project with work and room, and one timer that is due: no larger than what it finds.
            let allowed = ["project_load_claimable", "SCAN timer USING INDEX"]
            for sql in statements {
                let plan = try await workflow.store.read { database in
                    try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] as String }
                }
                let scans = plan.filter { line in line.hasPrefix("SCAN") && !allowed.contains { line.contains($0) } }
                #expect(scans.isEmpty, "\(scans) in \(sql)")
            }
        }
    }

    /// The statements of one round of everything that happens often, with their values.
    private func trace(_ workflow: TestWorkflow) async throws -> [String] {
        let (environment, now) = (workflow.environment, workflow.time.now())
        return try await workflow.store.write { database in
            let seen = Mutex<Set<String>>([])
            database.trace { event in
                guard case .statement(let statement) = event, !statement.sql.hasPrefix("SAVEPOINT") else { return }
                _ = seen.withLock { $0.insert(statement.expandedSQL) }
            }
            defer { database.trace(options: []) }
            func run<C: WorkflowCommand>(_ command: C, _ actor: Actor = TestWorkflow.admin) throws -> C.Reply {
                let transaction = Transaction(database, now: now, actor: actor, source: Workflow.source)
                return try command.execute(transaction, environment)
            }
            for outcome in [ResultSubmission.completed, .failed(.agent), .completed] {
                let claim = try run(ClaimTask(sandboxID: .make(), orchestrator: "local"))
                _ = try run(
                    Heartbeat(
                        instance: "local",
                        capacity: Capacity(slots: 1, used: 1),
                        sandboxes: [
                            .init(
                                id: claim.sandboxID,
                                taskID: claim.taskID,
                                fence: claim.fence,
                                state: .running,
                                lastActivityAt: nil
                            )
                        ]
                    )
                )
                _ = try run(SubmitResult(taskID: claim.taskID, body: outcome), claim.actor)
                _ = try ExplainTask(id: claim.taskID).execute(database, TestWorkflow.admin, environment)
                if outcome.status == .failed {
                    _ = try run(CancelTask(id: claim.taskID, reason: "no"))
                    _ = try run(RetryTask(id: claim.taskID))
                }
            }
            let kinds = ["SELECT", "UPDATE", "DELETE", "INSERT"]
            return seen.withLock { $0.filter { sql in kinds.contains { sql.hasPrefix($0) } }.sorted() }
        }
    }
}
