import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

struct DependencyGraphTests {
    /// A board in memory; names stand for ids.
    private struct Board: DependencyGraph.Source {
        var tasks: [Identifier: (ticket: Identifier, phase: Phase, dependsOn: [Identifier])] = [:]
        var blockers: [Identifier: [Identifier]] = [:]

        func dependencies(
            ofTask id: Identifier
        ) throws -> (ticket: Identifier, phase: Phase, dependsOn: [Identifier])? { tasks[id] }

        func tasks(ofTicket id: Identifier, in phase: Phase) throws -> [Identifier] {
            tasks.filter { $0.value.ticket == id && $0.value.phase == phase }.map(\.key).sorted()
        }

        func blockers(ofTicket id: Identifier) throws -> [Identifier] { blockers[id] ?? [] }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// `ticket.task@phase: dependencies`, phases r, d, i, t.
        var tasks: [String]
        /// `ticket: blockers`.
        var blocked: [String] = []
        var hasCycle: Bool
    }

    private static let cases: [Case] = [
        Case(testDescription: "a chain", tasks: ["A.1@i:", "A.2@i:1", "A.3@i:2"], hasCycle: false),
        Case(testDescription: "a diamond", tasks: ["A.1@i:", "A.2@i:1", "A.3@i:1", "A.4@t:2 3"], hasCycle: false),
        Case(testDescription: "two tasks", tasks: ["A.1@i:2", "A.2@i:1"], hasCycle: true),
        Case(testDescription: "itself", tasks: ["A.1@i:1"], hasCycle: true),
        Case(testDescription: "three tasks in two tickets", tasks: ["A.1@i:2", "B.2@i:3", "A.3@i:1"], hasCycle: true),
        Case(testDescription: "with the phases", tasks: ["A.1@i:", "A.2@t:1"], hasCycle: false),
        Case(testDescription: "against the phases", tasks: ["A.1@i:2", "A.2@t:"], hasCycle: true),
        Case(
            testDescription: "against the phases, through another ticket",
            tasks: ["A.1@r:3", "A.2@t:", "B.3@i:2"],
            hasCycle: true
        ),
        Case(
            testDescription: "two barriers against each other",
            tasks: ["A.1@i:4", "A.2@t:", "B.3@i:2", "B.4@t:"],
            hasCycle: true
        ),
        Case(
            testDescription: "two tickets side by side",
            tasks: ["A.1@i:", "A.2@t:4", "B.3@i:", "B.4@t:"],
            hasCycle: false
        ),
        Case(testDescription: "blocked_by in line", tasks: ["A.1@i:", "B.2@i:"], blocked: ["B:A"], hasCycle: false),
        Case(
            testDescription: "blocked_by against a task dependency",
            tasks: ["A.1@i:2", "B.2@i:"],
            blocked: ["B:A"],
            hasCycle: true
        ),
        Case(
            testDescription: "blocked_by both ways",
            tasks: ["A.1@i:", "B.2@i:"],
            blocked: ["B:A", "A:B"],
            hasCycle: true
        ),
        Case(
            testDescription: "blocked_by both ways without tasks",
            tasks: ["C.9@i:"],
            blocked: ["B:A", "A:B", "C:A"],
            hasCycle: true
        ),
        Case(
            testDescription: "blocked_by through an empty ticket",
            tasks: ["A.1@i:3", "C.3@i:"],
            blocked: ["B:A", "C:B"],
            hasCycle: true
        ),
        Case(
            testDescription: "a blocker's later phase counts",
            tasks: ["A.1@i:", "A.2@t:3", "B.3@i:"],
            blocked: ["B:A"],
            hasCycle: true
        ),
    ]

    @Test(arguments: cases) func cycles(_ given: Case) throws {
        var ids: [String: Identifier] = [:]
        func id(_ name: some StringProtocol) -> Identifier {
            ids[String(name), default: .make()] = ids[String(name)] ?? .make()
            return ids[String(name)] ?? .make()
        }
        var board = Board()
        for text in given.tasks {
            let parts = text.split { ".@:".contains($0) }
            let phases: [Substring: Phase] = [
                "r": .requirements, "d": .design, "i": .implementation, "t": .testing,
            ]
            board.tasks[id(parts[1])] = (
                id(parts[0]), try #require(phases[parts[2]]),
                parts.count > 3 ? parts[3].split(separator: " ").map { id($0) } : []
            )
        }
        for text in given.blocked {
            let parts = text.split(separator: ":")
            board.blockers[id(parts[0])] = [id(parts[1])]
        }
        var graph = DependencyGraph(board)
        var cycle: [DependencyGraph.Node]?
        let nodes =
            board.tasks.keys.sorted().map(DependencyGraph.Node.task)
            + board.blockers.keys.sorted().map { .start(ticket: $0) }
        for node in nodes where cycle == nil { cycle = try graph.cycle(from: node) }
        #expect((cycle != nil) == given.hasCycle)
        if let cycle { try checkRing(cycle, board) }
    }

    /// Each node of a reported cycle really leads to the next, and the last to the first.
    private func checkRing(_ cycle: [DependencyGraph.Node], _ board: Board) throws {
        #expect(Set(cycle).count == cycle.count)
        for (index, node) in cycle.enumerated() {
            let next = cycle[(index + 1) % cycle.count]
            switch (node, next) {
            case (.task(let from), .task(let to)):
                #expect(board.tasks[from]?.dependsOn.contains(to) ?? false)
            case (.task(let from), .upTo(let ticket, let phase)):
                let task = try #require(board.tasks[from])
                #expect(task.ticket == ticket && phase < task.phase)
            case (.upTo(let ticket, let phase), .task(let to)):
                let task = try #require(board.tasks[to])
                #expect(task.ticket == ticket && task.phase == phase)
            case (.upTo(let ticket, let phase), .upTo(let other, let earlier)):
                #expect(ticket == other && earlier < phase)
            case (.task(let from), .start(let ticket)): #expect(board.tasks[from]?.ticket == ticket)
            case (.upTo(let ticket, _), .start(let other)): #expect(ticket == other)
            case (.start(let ticket), .upTo(let blocker, _)):
                #expect(board.blockers[ticket]?.contains(blocker) ?? false)
            case (.start, _): Issue.record("the start of a ticket leads to its blockers only")
            }
        }
    }

    @Test func `a long chain needs no deep stack`() throws {
        var board = Board()
        let ticket = Identifier.make()
        let ids = (0..<100_000).map { _ in Identifier.make() }
        for (index, id) in ids.enumerated() {
            board.tasks[id] = (ticket, .requirements, index > 0 ? [ids[index - 1]] : [])
        }
        var graph = DependencyGraph(board)
        #expect(try graph.cycle(from: .task(ids[99_999])) == nil)
    }
}
