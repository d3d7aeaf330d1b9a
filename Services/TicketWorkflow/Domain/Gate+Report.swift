import Contracts
import Kernel

extension Gate {
    /// What the gate of a phase says about a ticket, its tasks included.
    static func report(_ phase: Phase, _ situation: Settle.Situation) -> GateReport {
        let ticket = situation.ticket
        let gate = situation.gates[phase]
        let approved = ticket.approvedPhases ?? []
        let shortfalls =
            gate.map { Self.shortfalls($0, leaving: phase, situation.evidence, approved: approved) } ?? []
        let tally = situation.tallies[phase] ?? Settle.Tally()
        let unfinished = tally.free + tally.held + tally.active + tally.failed
        let tasks = unfinished > 0 ? ["\(unfinished) tasks of \(phase.rawValue) are unfinished"] : []
        let evidence = shortfalls.filter { if case .approval = $0 { false } else { true } }
        let validation: GateReport.Validation =
            if !tasks.isEmpty { .waitingTasks } else if gate == nil { .notConfigured } else if !evidence.isEmpty {
                .blocked
            } else { shortfalls.isEmpty ? .ready : .waitingApproval }
        return GateReport(
            ticketID: ticket.id,
            phase: phase,
            validationStatus: validation,
            blockingReasons: tasks + shortfalls.map(\.description),
            missingArtifacts: shortfalls.compactMap { shortfall in
                switch shortfall {
                case .artifact(let type), .criterion(let type, _, _, _): type
                case .check, .approval: nil
                }
            },
            gate: gate ?? GateSettings()
        )
    }

    /// The evidence a completed result is by itself, with the figures it really has.
    static func derived(from result: TaskResult) -> [ArtifactSubmission] {
        var artifacts: [ArtifactSubmission] = []
        if !result.commits.isEmpty || !result.filesChanged.isEmpty {
            let touchesTests = result.filesChanged.contains { $0.path.lowercased().contains("test") }
            var content: [String: JSONValue] = [
                "commits": .integer(Int64(result.commits.count)),
                "files_changed": .integer(Int64(result.filesChanged.count)),
                "has_tests": .bool(touchesTests),
            ]
            content["branch_name"] = result.branch.map { .string($0) }
            artifacts.append(ArtifactSubmission(type: "code_changes", content: .object(content)))
        }
        if !result.checks.isEmpty {
            let passed = result.checks.count { $0.exitCode == 0 }
            artifacts.append(
                ArtifactSubmission(
                    type: "test_results",
                    content: .object([
                        "all_passed": .bool(passed == result.checks.count),
                        "checks": .integer(Int64(result.checks.count)),
                        "checks_passed": .integer(Int64(passed)),
                    ])
                )
            )
        }
        return artifacts
    }
}
