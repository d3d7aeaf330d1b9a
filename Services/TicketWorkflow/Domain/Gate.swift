import Contracts
import Kernel

/// What a phase requires before it may be left, judged by the ticket's evidence.
enum Gate {
    /// What the current round of a ticket can show.
    struct Evidence: Equatable, Sendable {
        /// The last run of a check, by the task of `phase`.
        struct Run: Equatable, Sendable {
            var check: String
            var phase: Phase
            var passed: Bool
        }

        var artifacts: [TicketArtifact] = []
        /// In the order of completion.
        var runs: [Run] = []
    }

    /// Something a gate names and the ticket lacks.
    enum Shortfall: Equatable, Sendable {
        case artifact(type: String)
        case criterion(type: String, member: String, wanted: JSONValue, found: JSONValue?)
        case check(String, ran: Bool)
        case approval(Phase)

        /// For people.
        var description: String {
            switch self {
            case .artifact(let type): "the artifact '\(type)' is missing"
            case .criterion(let type, let member, let wanted, let found):
                "the artifact '\(type)' needs \(member) \(wanted.isNumber ? "of at least" : "=") \(wanted.wording), "
                    + (found.map { "and has \($0.wording)" } ?? "and does not say")
            case .check(let name, let ran): "the check '\(name)' \(ran ? "failed" : "was not run")"
            case .approval(let phase): "somebody must approve leaving \(phase.rawValue)"
            }
        }
    }

    /// What is missing before the ticket may leave the phase; the approval comes last and is asked for last.
    static func shortfalls(
        _ gate: GateSettings,
        leaving phase: Phase,
        _ evidence: Evidence,
        approved: [Phase]
    ) -> [Shortfall] {
        var missing = gate.artifacts.compactMap { shortfall(of: $0, phase, evidence) }
        for name in gate.checks {
            let last = evidence.runs.last { $0.check == name && $0.phase <= phase }
            if last?.passed != true { missing.append(.check(name, ran: last != nil)) }
        }
        if gate.approval, !approved.contains(phase) { missing.append(.approval(phase)) }
        return missing
    }

    /// The phases whose gates a move passes: the one that is left, and every one that is skipped. Nothing is left by
    /// leaving the backlog, and going back passes no gate.
    static func passed(from current: Phase, to target: Phase) -> [Phase] {
        guard current != .backlog, target > current else { return [] }
        return Phase.allCases.filter { $0 >= current && $0 < target }
    }

    private static func shortfall(
        of requirement: ArtifactRequirement,
        _ phase: Phase,
        _ evidence: Evidence
    ) -> Shortfall? {
        let candidates = evidence.artifacts.filter { $0.phase == phase && $0.type == requirement.type }
        // The newest says how things are now.
        guard let artifact = candidates.last else { return .artifact(type: requirement.type) }
        guard case .object(let content) = artifact.content ?? .object([:]) else {
            return .artifact(type: requirement.type)
        }
        for (member, wanted) in requirement.criteria.sorted(by: { $0.key < $1.key }) {
            let found = content[member]
            let isMet =
                if let least = wanted.number { (found?.number).map { $0 >= least } ?? false } else { found == wanted }
            guard isMet else { return .criterion(type: requirement.type, member: member, wanted: wanted, found: found) }
        }
        return nil
    }
}

extension JSONValue {
    fileprivate var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    fileprivate var isNumber: Bool { number != nil }

    fileprivate var wording: String {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string(let value): "'\(value)'"
        case .null: "null"
        case .array, .object: kind
        }
    }
}
