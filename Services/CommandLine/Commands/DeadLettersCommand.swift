import ArgumentParser
import Contracts
import HTTPClient
import Kernel

/// `omoi dead-letters`
struct DeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Messages a service could not handle.",
        subcommands: [List.self, Replay.self, Discard.self]
    )

    /// `omoi dead-letters list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List dead letters.")

        @Option(help: "Only of this service, such as event-relay.")
        var service: String?

        @OptionGroup var connection: Connection

        func run() async throws {
            let page: DeadLetterPage = try await connection.gateway()
                .get("/api/v1/dead-letters" + Query.text([("service", service)]))
            try connection.show(
                json: ["dead_letters": JSONOutput.value(page.items), "total": .integer(Int64(page.total))]
            ) {
                var table = Table("SERVICE", "ID", "RECEIVED", "SOURCE", "TYPE", "REPLAYS", "REASON")
                for item in page.items {
                    table.add(
                        item.service,
                        "\(item.id)",
                        item.receivedAt.description,
                        item.source,
                        item.type,
                        "\(item.replays)",
                        item.reason
                    )
                }
                return table.lines(empty: "no dead letters")
            }
        }
    }

    /// `omoi dead-letters replay`
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Hand a message to its service once more.")

        @OptionGroup var letter: Letter
        @OptionGroup var connection: Connection

        func run() async throws {
            _ = try await connection.gateway().post(
                "/api/v1/dead-letters/\(letter.path)/replay",
                body: Empty(),
                idempotencyKey: Identifier.make().description,
                as: JSONValue.self
            )
            try connection.show(json: letter.members(outcome: "replayed")) {
                ["\(letter.service) \(letter.id) replayed"]
            }
        }
    }

    /// `omoi dead-letters discard`
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Throw a message away for good.")

        @OptionGroup var letter: Letter
        @OptionGroup var connection: Connection

        func run() async throws {
            try await connection.gateway().delete(
                "/api/v1/dead-letters/\(letter.path)",
                idempotencyKey: Identifier.make().description
            )
            try connection.show(json: letter.members(outcome: "discarded")) {
                ["\(letter.service) \(letter.id) discarded"]
            }
        }
    }

    /// Names one dead letter.
    struct Letter: ParsableArguments {
        @Argument(help: "The service that holds it.")
        var service: String

        @Argument(help: "Its number in the list.")
        var id: Int64

        var path: String { "\(Query.escape(service))/\(id)" }

        func members(outcome: String) -> [String: JSONValue] {
            ["service": .string(service), "id": .integer(id), "outcome": .string(outcome)]
        }
    }
}
