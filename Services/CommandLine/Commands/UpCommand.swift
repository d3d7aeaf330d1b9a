import ArgumentParser
import Kernel

/// `omoi up`
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run the whole system on this machine until Ctrl-C.",
        discussion: """
            Starts a private RabbitMQ node on loopback (unless OMOI_AMQP_URL names one) and the four services, and \
            prints where the board and the token are once all are ready. Everything is kept in OMOI_HOME (default \
            $XDG_STATE_HOME/omoi, that is ~/.local/state/omoi). Set by environment: OMOI_HOME, OMOI_HTTP_PORT (8080), \
            OMOI_RELAY_PORT (8081), OMOI_BIND (127.0.0.1), OMOI_AMQP_URL, OMOI_SANDBOX_PROVIDER (bubblewrap), \
            OMOI_SANDBOX_SLOTS (4), OMOI_LOG_LEVEL (info).
            """
    )

    @Option(
        help: ArgumentHelp(
            "Run the job described in this directory, show every step, and end with its outcome.",
            valueName: "directory"
        )
    )
    var demo: String?

    func run() async throws {
        let instance = try Instance(Surroundings.current)
        guard let demo else { return try await instance.run(nil) }
        let demonstration = Demonstration(directory: demo)
        try await instance.run { try await demonstration.run(on: $0) }
    }
}
