import ArgumentParser
import Contracts
import HTTPClient
import Kernel

/// `omoi watch`
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print every transition as it happens.",
        discussion: """
            With --json, one object per event: {"version": 1, "event": <CloudEvent>}. With --until-done the exit \
            status is 0 when the ticket is done and 1 when it is blocked or archived.
            """
    )

    @Option(help: "Only this ticket (key or id).")
    var ticket: String?

    @Option(help: "Only this project (key, name or id).")
    var project: String?

    @Flag(help: "End when the ticket is done, or will not go on by itself.")
    var untilDone = false

    @Option(help: "Address of the event relay (default: http://$OMOI_BIND:$OMOI_RELAY_PORT).")
    var relayUrl: String?

    @OptionGroup var connection: Connection

    func validate() throws {
        if untilDone, ticket == nil { throw ValidationError("--until-done needs --ticket.") }
        if ticket != nil, project != nil { throw ValidationError("Give either --ticket or --project.") }
    }

    func run() async throws {
        let console = Surroundings.current.console
        let gateway = try connection.gateway()
        let json = connection.json
        let watcher = Watcher(
            gateway: gateway,
            relay: try await connection.relay(relayUrl),
            print: { event, line in
                let value = json ? try? JSONOutput.line(["event": JSONOutput.value(event)]) : line
                console.print(value ?? line)
            },
            console: console
        )
        guard let name = ticket else {
            var projectID: Identifier?
            if let project { projectID = try await Lookup(gateway).project(project).id }
            return try await watcher.watch(projectID: projectID)
        }
        let ticket = try await Lookup(gateway).ticket(name)
        switch try await watcher.watch(ticket: ticket, untilDecided: untilDone) {
        case .done: console.note("omoi: \(ticket.key) is done")
        case .stopped(let reason):
            console.note("omoi: \(ticket.key) is \(reason)")
            throw Ending(status: .failure)
        }
    }
}
