import Glibc
import Kernel

/// The RabbitMQ programs of this machine.
struct BrokerInstallation: Sendable {
    let server: String
    let control: String
    let nameDaemon: String

    /// - Throws: ``Fault`` that says what to install.
    static func find() throws(Fault) -> BrokerInstallation {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let search = path.split(separator: ":").map(String.init)
        // The package's own scripts first: Debian's wrapper in /usr/sbin insists on the user `rabbitmq`.
        let homes = ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin"] + search
        guard
            let home = homes.first(where: {
                access($0 + "/rabbitmq-server", X_OK) == 0 && access($0 + "/rabbitmqctl", X_OK) == 0
            })
        else {
            throw Fault(
                .unavailable,
                "RabbitMQ is not installed: install rabbitmq-server 3.10 or newer (apt: rabbitmq-server)"
            )
        }
        guard let daemon = search.map({ $0 + "/epmd" }).first(where: { access($0, X_OK) == 0 }) else {
            throw Fault(.unavailable, "Erlang's epmd is not installed: install erlang-base")
        }
        return BrokerInstallation(server: home + "/rabbitmq-server", control: home + "/rabbitmqctl", nameDaemon: daemon)
    }

    /// The complete environment of the node and of its control program.
    func environment(directory: String, settings: NodeSettings) -> [String: String] {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        var environment = [
            "PATH": path,
            "LANG": "C.UTF-8",
            "HOME": directory + "/home",
            "RABBITMQ_NODENAME": settings.name,
            "RABBITMQ_MNESIA_BASE": directory + "/data",
            "RABBITMQ_LOG_BASE": directory + "/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": directory + "/enabled_plugins",
            "RABBITMQ_CONFIG_FILE": directory + "/rabbitmq",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_DIST_PORT": "\(settings.distributionPort)",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            // The server script then becomes the Erlang machine itself, so that its pid is ours to signal.
            "RABBITMQ_ALLOW_INPUT": "1",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": "\(settings.namePort)",
        ]
        if TextFile.exists(directory + "/plugins") { environment["RABBITMQ_PLUGINS_DIR"] = directory + "/plugins" }
        return environment
    }

    /// Everything the node reads at its start.
    func writeFiles(directory: String, settings: NodeSettings) throws(Fault) {
        for folder in ["home", "data", "log"] { try TextFile.makeDirectory("\(directory)/\(folder)") }
        try linkPlugins(directory: directory)
        try TextFile.write(settings.cookie, to: directory + "/home/.erlang.cookie", mode: 0o400)
        try TextFile.write("[].\n", to: directory + "/enabled_plugins")
        try TextFile.write(
            """
            listeners.tcp.local = 127.0.0.1:\(settings.port)
            default_user = \(NodeSettings.user)
            default_pass = \(settings.password)
            log.console = false
            log.file = rabbit.log
            log.file.level = warning

            """,
            to: directory + "/rabbitmq.conf"
        )
    }

    /// Gives the node a folder of plugins without the optional ones: it looks into every one of them at each start,
    /// which costs seconds. Known for RabbitMQ 3 only; others keep their own folder.
    private func linkPlugins(directory: String) throws(Fault) {
        guard let script = realpath(server, nil) else { return }
        defer { free(script) }
        let home = String(cString: script).split(separator: "/").dropLast(2).map { "/\($0)" }.joined()
        let names = TextFile.names(in: home + "/plugins")
        guard names.contains(where: { $0.hasPrefix("rabbit-3.") }) else { return }
        let links = directory + "/plugins"
        try TextFile.makeDirectory(links)
        for name in TextFile.names(in: links) { unlink("\(links)/\(name)") }
        for name in names where !name.hasPrefix("rabbitmq_") || name.hasPrefix("rabbitmq_prelaunch") {
            symlink("\(home)/plugins/\(name)", "\(links)/\(name)")
        }
    }
}
