import Configuration
import Kernel

/// The checked settings of a process: arguments, then environment, then defaults.
package struct Settings: Sendable {
    /// The keys that have a meaning here.
    package let keys: [ConfigurationKey]
    private let values: [String: String]

    /// Reads and checks every key.
    ///
    /// - Parameters:
    ///   - keys: everything that may be set; anything else among the arguments is refused.
    ///   - arguments: with the program's name first, as in `CommandLine.arguments`.
    ///   - environment: variables that begin with `OMOI_` are looked at.
    /// - Throws: ``ConfigurationError`` for the first mistake.
    package init(
        keys: [ConfigurationKey],
        arguments: [String],
        environment: [String: String]
    ) throws(ConfigurationError) {
        self.keys = keys
        try Self.checkArguments(arguments, keys)
        let secrets = Set(keys.lazy.filter(\.isSecret).map(\.variable))
        let reader = ConfigReader(providers: [
            CommandLineArgumentsProvider(arguments: arguments),
            EnvironmentVariablesProvider(
                environmentVariables: environment.filter { $0.key.hasPrefix("OMOI_") && !$0.value.isEmpty },
                secretsSpecifier: .dynamic { key, _ in secrets.contains(key) }
            ).prefixKeys(with: "omoi"),
            InMemoryProvider(
                name: "defaults",
                values: Dictionary(
                    uniqueKeysWithValues: keys.compactMap { key in
                        key.defaultValue.map {
                            (AbsoluteConfigKey(ConfigKey(key.name)), ConfigValue(stringLiteral: $0))
                        }
                    }
                )
            ),
        ])
        var values: [String: String] = [:]
        for key in keys {
            guard let value = reader.string(forKey: ConfigKey(key.name), isSecret: key.isSecret) else {
                if key.isRequired {
                    throw ConfigurationError("\(key.variable) (\(key.argument)) must be set: \(key.meaning)")
                }
                continue
            }
            try key.check(value)
            values[key.name] = value
        }
        self.values = values
    }

    /// The value as text; nil when it is not set and has no default.
    package func optionalText(_ name: String) -> String? { values[name] }

    /// - Throws: ``ConfigurationError`` when it is not set and has no default.
    package func text(_ name: String) throws(ConfigurationError) -> String {
        guard let value = values[name] else {
            let variable = keys.first { $0.name == name }?.variable ?? name
            throw ConfigurationError("\(variable) must be set")
        }
        return value
    }

    /// A key of kind `integer` or `port`.
    package func integer(_ name: String) throws(ConfigurationError) -> Int {
        let value = try text(name)
        guard let number = Int(value) else { throw ConfigurationError("\(name) must be a whole number") }
        return number
    }

    /// A key of kind `seconds`.
    package func duration(_ name: String) throws(ConfigurationError) -> Duration { .seconds(try integer(name)) }

    /// A key of kind `boolean`; false when it is not set.
    package func flag(_ name: String) -> Bool { values[name] == "true" }

    /// A key of kind `list`; empty elements are dropped.
    package func list(_ name: String) -> [String] { (values[name] ?? "").split(separator: ",").map(String.init) }

    /// The text of `--help`: argument, variable, default and meaning of every key.
    package static func help(service: String, keys: [ConfigurationKey]) -> String {
        var text = "usage: \(service) [--key value]...\n\nAn argument wins over the environment variable.\n"
        for key in keys {
            text += "\n  \(key.argument)  (\(key.variable))\n"
            let fallback = key.isRequired ? " [required]" : key.defaultValue.map { " [default: \($0)]" } ?? ""
            text += "      \(key.meaning)\(fallback)\n"
        }
        return text
    }

    /// Refuses what the provider would ignore or misread: unknown names, missing and surplus values.
    private static func checkArguments(
        _ arguments: [String],
        _ keys: [ConfigurationKey]
    ) throws(ConfigurationError) {
        var awaiting: ConfigurationKey?
        for argument in arguments.dropFirst() {
            if let key = awaiting {
                guard !argument.hasPrefix("--") else { break }
                awaiting = nil
                if argument.contains(",") { throw listArgument(key) }
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = keys.first(where: { $0.argument == parts[0] }) else {
                throw ConfigurationError("unknown argument '\(parts[0])'; --help lists what there is")
            }
            if parts.count == 1 {
                awaiting = key
            } else if parts[1].contains(",") {
                throw listArgument(key)
            }
        }
        if let awaiting { throw ConfigurationError("\(awaiting.argument) must be followed by a value") }
    }

    /// The arguments' provider splits at commas.
    private static func listArgument(_ key: ConfigurationKey) -> ConfigurationError {
        ConfigurationError("\(key.argument) must not contain a comma; use the variable \(key.variable) for that")
    }
}
