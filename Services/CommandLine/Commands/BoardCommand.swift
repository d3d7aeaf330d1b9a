import ArgumentParser
import Contracts
import Kernel

/// `omoi board`
struct BoardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "board",
        abstract: "Show the board: every column with its tickets."
    )

    @Option(help: "Only this project (key, name or id).")
    var project: String?

    @OptionGroup var connection: Connection

    func run() async throws {
        let client = try connection.gateway()
        var projectID: String?
        if let project { projectID = try await Lookup(client).project(project).id.description }
        let board: BoardView = try await client.get("/api/v1/board/view" + Query.text([("project_id", projectID)]))
        try connection.show(json: ["columns": JSONOutput.value(board.columns)]) { Self.lines(board) }
    }

    static func lines(_ board: BoardView) -> [String] {
        board.columns.flatMap { column in
            let limit = column.wipLimit.map { " of \($0)" } ?? ""
            let title = "\(column.name)  \(column.currentCount)\(limit)\(column.wipExceeded ? "  over the limit" : "")"
            return [title]
                + column.tickets.map { card in
                    let block = card.isBlocked ? "  blocked: \(card.blockReason?.rawValue ?? "yes")" : ""
                    return "  \(card.key)  \(card.completedTaskCount)/\(card.taskCount)  \(card.title)\(block)"
                }
        }
    }
}
