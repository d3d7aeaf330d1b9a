import Contracts
import Kernel
import Testing

@testable import APIGateway

@Suite struct TaskGraphTests {
    /// Tasks 0, 1, ... with ascending ids, from `[task: what it waits for]`.
    private static func graph(_ edges: [[Int]], complete: Set<Int> = []) -> TaskGraph {
        let ids = edges.indices.map { Identifier(high: UInt64($0 + 1), low: 0) }
        return TaskGraph(
            edges.enumerated().map { number, before in
                TaskGraph.Task(
                    id: ids[number],
                    dependsOn: before.map { $0 < 0 ? Identifier(high: 0, low: 7) : ids[$0] },
                    isComplete: complete.contains(number)
                )
            }
        )
    }

    @Test(
        arguments: [
            ([], []),
            ([[]], [0]),
            ([[], [], []], [0]),
            ([[], [0], [1]], [0, 1, 2]),
            // A diamond: the smaller id wins.
            ([[], [0], [0], [1, 2]], [0, 1, 3]),
            ([[1], [], [1], [2]], [1, 2, 3]),
            ([[], [0], [1], [], [3, 2], [0]], [0, 1, 2, 4]),
            // What is not in the graph is no part of a chain.
            ([[-1], [0]], [0, 1]),
            // A cycle, and what hangs on it, is left out.
            ([[1], [0], [0], [], [3]], [3, 4]),
            ([[0]], []),
            // Named twice.
            ([[], [0, 0]], [0, 1]),
        ] as [([[Int]], [Int])]
    )
    func `the critical path is the longest chain`(edges: [[Int]], path: [Int]) {
        #expect(Self.graph(edges).criticalPath() == path)
    }

    @Test func `only tasks that count are on the path`() {
        let graph = Self.graph([[], [0], [1], [], [3]])
        #expect(graph.criticalPath { $0 != 1 } == [3, 4])
        #expect(graph.criticalPath { _ in false } == [])
    }

    @Test(
        arguments: [
            ([[], [0]], [], [1]),
            ([[], [0]], [0], []),
            ([[], [0]], [1], []),
            ([[], [], [0, 1]], [0], [2]),
            ([[-1]], [], [0]),
            ([[], [0], [1]], [0], [2]),
        ] as [([[Int]], Set<Int>, [Int])]
    )
    func `a task is blocked while one it waits for is not completed`(
        edges: [[Int]],
        complete: Set<Int>,
        blocked: [Int]
    ) {
        let graph = Self.graph(edges, complete: complete)
        #expect(graph.tasks.indices.filter(graph.isBlocked) == blocked)
    }

    @Test func `five thousand tasks take little time`() {
        // A layered graph: 50 layers of 100 tasks, each waiting for three of the layer before.
        let edges = (0..<5000).map { number -> [Int] in
            let layer = number / 100
            return layer == 0 ? [] : (0..<3).map { (layer - 1) * 100 + (number * 7 + $0 * 31) % 100 }
        }
        let graph = Self.graph(edges)
        let start = ContinuousClock.now
        let path = graph.criticalPath()
        #expect(path.count == 50)
        // Not optimised, and beside other tests: the benchmark measures it.
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test func `defect 17: a graph with edges is answered`() async throws {
        let project = Identifier.make()
        try await withReadModel { model in
            let first = Samples.ticket(number: 1, project: project, phase: .implementation)
            var second = Samples.ticket(number: 2, project: project)
            second.blockedBy = [first.id]
            let one = Samples.task(ticket: first.id, project: project, status: .completed)
            let two = Samples.task(ticket: first.id, project: project, dependsOn: [one.id])
            var three = Samples.task(ticket: second.id, project: project, dependsOn: [two.id])
            three.reworkOf = one.id
            try await model.apply([
                Samples.change(.ticketCreated, EventData(first)), Samples.change(.ticketCreated, EventData(second)),
                Samples.change(.taskCreated, EventData(one)), Samples.change(.taskCreated, EventData(two)),
                Samples.change(.taskCreated, EventData(three)),
            ])
            let whole = try await answer(model, project, includesResolved: true)
            let edges = whole["edges"]?.items.map { edge in
                [edge["source"], edge["target"], edge["type"]].map { $0?.words ?? "" }
            }
            let ids = [one, two, three].map(\.id.description)
            let names = [first, second].map { "ticket-\($0.id)" }
            #expect(
                edges == [
                    [ids[0], ids[1], "depends_on"], [ids[1], ids[2], "depends_on"], [ids[0], ids[2], "spawned_from"],
                    [names[0], ids[0], "ticket_contains"], [names[0], ids[1], "ticket_contains"],
                    [names[1], ids[2], "ticket_contains"], [names[0], names[1], "ticket_blocks"],
                ]
            )
            #expect(
                whole["nodes"]?.items.map { $0["is_blocked"] } == [false, false, true, false, false].map { .bool($0) }
            )
            #expect(whole["nodes"]?.items.map { $0["blocks_count"] } == [1, 1, 0, 1, 0].map { .integer($0) })
            let metadata = try #require(whole["metadata"])
            #expect(metadata["critical_path"]?.items.map(\.words) == ids)
            #expect(metadata["critical_path_length"] == .integer(3))
            #expect(metadata["blocked_count"] == .integer(1))
            #expect(metadata["resolved_count"] == .integer(1))
            #expect(metadata["total_tasks"] == .integer(3))
            #expect(metadata["total_edges"] == .integer(7))
            try Shapes.dependencyGraph.validate(whole)

            let open = try await answer(model, project, includesResolved: false)
            #expect(open["metadata"]?["critical_path"]?.items.map(\.words) == Array(ids[1...]))
            #expect(open["edges"]?.items.count == 4)
        }
    }

    private func answer(_ model: ReadModel, _ project: Identifier, includesResolved: Bool) async throws -> JSONValue {
        try await model.store.read { db in
            var answer = GraphAnswer(
                try GraphTable.tasks(of: project, in: db),
                tickets: try GraphTable.tickets(of: project, in: db),
                includesResolved: includesResolved
            )
            return try ContractCoder.decode(from: answer.bytes())
        }
    }
}

extension JSONValue {
    fileprivate var items: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    fileprivate var words: String {
        guard case .string(let text) = self else { return "" }
        return text
    }
}
