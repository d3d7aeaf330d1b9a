import ArgumentParser
import Foundation
import Kernel

/// `omoi-bench`: every speed claim of the project, as a figure beside a baseline taken in the same run.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "omoi-bench",
        abstract: "Measures Omoi against baselines in the same run; quote the ratios, machines differ.",
        discussion: """
            Build with `swift build -c release`, then run `.build/release/omoi-bench`. Rows: \
            \(Group.allCases.map(\.rawValue).joined(separator: ", ")).
            """
    )

    enum Group: String, CaseIterable, ExpressibleByArgument {
        case store, messaging, start, commands, reads, freshness, tasks, reaction, memory
    }

    @Argument(help: "The rows to measure; all when none is named.")
    var groups: [Group] = []

    @Option(help: "Runs per figure; the median is printed.")
    var runs = 5

    @Option(help: "Tasks of the task loop.")
    var tasks = 3000

    @Option(parsing: .upToNextOption, help: "Numbers of tickets at which the board is measured, ascending.")
    var tickets = [100, 10_000, 100_000]

    @Option(help: .hidden)
    var staticRoute: Int?

    @Option(help: "A Python interpreter with Celery, for the task loop's baseline; none: the row says so.")
    var celery: String?

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func run() async throws {
        if let staticRoute { return try await StaticServer.serve(port: staticRoute) }
        let chosen = groups.isEmpty ? Group.allCases : groups
        var rows: [Row] = []
        for group in chosen {
            FileHandle.standardError.write(Data("measuring \(group.rawValue)...\n".utf8))
            rows += try await measure(group)
        }
        print(json ? try Row.json(rows) : Row.table(rows))
    }

    private func measure(_ group: Group) async throws -> [Row] {
        switch group {
        case .store: try await StoreRows.measure(runs: runs)
        case .messaging: try await MessagingRows.measure(runs: runs)
        case .start: try await StartRows.measure(runs: runs)
        case .commands: try await CommandRows.measure(runs: runs)
        case .reads: try await ReadRows.measure(runs: runs, sizes: tickets)
        case .freshness: try await FreshnessRows.measure()
        case .tasks: try await TaskLoopRows.measure(tasks: tasks, celery: celery)
        case .reaction: try await ReactionRows.measure()
        case .memory: try await MemoryRows.measure(tasks: tasks)
        }
    }
}
