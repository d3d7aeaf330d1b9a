import Glibc
import HTTPClient
import Kernel

/// What a command finds around itself. Tests give it another environment and catch what it prints.
package struct Surroundings: Sendable {
    package var environment: [String: String]
    package var console: Console

    package init(environment: [String: String], console: Console) {
        self.environment = environment
        self.console = console
    }

    /// Those of the running process.
    package static var process: Surroundings {
        var environment: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { environment[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return Surroundings(environment: environment, console: .standard)
    }

    /// The surroundings of the command that runs.
    @TaskLocal package static var current = Surroundings.process

    /// A variable that is set and not empty.
    package func variable(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    /// `OMOI_HOME`, by default `$XDG_STATE_HOME/omoi` or `~/.local/state/omoi`; absolute.
    ///
    /// - Throws: ``Fault`` `invalid-field` when none of them is known.
    package func home() throws(Fault) -> String {
        if let home = variable("OMOI_HOME") { return absolute(home) }
        if let state = variable("XDG_STATE_HOME") { return absolute("\(state)/omoi") }
        if let user = variable("HOME") { return absolute("\(user)/.local/state/omoi") }
        throw Fault.invalid("OMOI_HOME", "is not set and there is no HOME to derive it from")
    }

    /// A TCP port from the environment.
    ///
    /// - Throws: ``Fault`` `invalid-field` that names the variable.
    package func port(_ name: String, default standard: Int) throws(Fault) -> Int {
        guard let text = variable(name) else { return standard }
        guard let port = Int(text), (1...65_535).contains(port) else {
            throw Fault.invalid(name, "'\(text)' is not a port (1 to 65535)")
        }
        return port
    }

    /// The address services listen on.
    package var bindAddress: String { variable("OMOI_BIND") ?? "127.0.0.1" }

    /// An address under which services on this machine can be reached.
    package var localAddress: String {
        switch bindAddress {
        case "0.0.0.0", "::", "[::]": "127.0.0.1"
        case let address where address.contains(":") && !address.hasPrefix("["): "[\(address)]"
        case let address: address
        }
    }

    /// The path from the root, seen from the working directory.
    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return "\(String(cString: directory))/\(path)"
    }
}
