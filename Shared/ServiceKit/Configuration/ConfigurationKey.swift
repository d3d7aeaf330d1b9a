/// One documented setting of a service.
///
/// The name `http.port` is the argument `--http-port` and the environment variable `OMOI_HTTP_PORT`; the argument wins.
package struct ConfigurationKey: Sendable {
    /// What a value must look like; checked before anything else starts.
    package enum Kind: Sendable {
        case text
        case integer(ClosedRange<Int>)
        /// A whole number of seconds.
        case seconds(ClosedRange<Int>)
        /// 1 to 65535, or 0 where zero means "off" or "any free port".
        case port(allowsZero: Bool)
        /// A URL with one of these schemes and a host.
        case url(schemes: [String])
        case choice([String])
        /// Comma-separated.
        case list
        case path
        /// A file that exists and can be read.
        case readableFile
        /// A file that exists and can be executed.
        case executable
        case boolean
    }

    /// Lower-case words separated by dots, `http.port`.
    package let name: String
    package let kind: Kind
    package let defaultValue: String?
    /// Whether a start without a value is refused.
    package let isRequired: Bool
    /// Whether the value must never be shown.
    package let isSecret: Bool
    /// For `--help`.
    package let meaning: String

    package init(
        _ name: String,
        _ kind: Kind = .text,
        default defaultValue: String? = nil,
        required: Bool = false,
        secret: Bool = false,
        _ meaning: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.isRequired = required
        self.isSecret = secret
        self.meaning = meaning
    }

    /// `--http-port`.
    package var argument: String { "--" + name.replacing(".", with: "-") }

    /// `OMOI_HTTP_PORT`.
    package var variable: String { "OMOI_" + name.uppercased().replacing(".", with: "_") }
}

/// A value that cannot be used. The process ends with status 2 and this one line.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Names the variable and says what would be right; never contains a secret.
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

extension ConfigurationKey {
    /// - Throws: ``ConfigurationError`` that names the variable.
    func check(_ value: String) throws(ConfigurationError) {
        if let expectation = mistake(in: value) {
            let shown = isSecret ? "" : ", not '\(value.count > 200 ? value.prefix(200) + "…" : value[...])'"
            throw ConfigurationError("\(variable) (\(argument)) must be \(expectation)\(shown)")
        }
    }

    /// What the value should have been; nil when it is fine.
    private func mistake(in value: String) -> String? {
        switch kind {
        case .text, .list: nil
        case .path: value.isEmpty || value.utf8.contains(0) ? "a path" : nil
        case .integer(let range): isInteger(value, in: range) ? nil : "a whole number \(spell(range))"
        case .seconds(let range): isInteger(value, in: range) ? nil : "a whole number of seconds \(spell(range))"
        case .port(let allowsZero):
            isInteger(value, in: (allowsZero ? 0 : 1)...65535)
                ? nil : "a port number from \(allowsZero ? 0 : 1) to 65535"
        case .url(let schemes):
            isURL(value, schemes) ? nil : "a URL such as \(schemes.first ?? "http")://host:port"
        case .choice(let choices): choices.contains(value) ? nil : "one of \(choices.joined(separator: ", "))"
        case .boolean: ["true", "false"].contains(value) ? nil : "true or false"
        case .readableFile: FileAccess.isReadable(value) ? nil : "a file that exists and can be read"
        case .executable: FileAccess.isExecutable(value) ? nil : "a file that exists and can be executed"
        }
    }

    private func spell(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max ? "from \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    }

    private func isInteger(_ value: String, in range: ClosedRange<Int>) -> Bool {
        Int(value).map(range.contains) ?? false
    }

    private func isURL(_ value: String, _ schemes: [String]) -> Bool {
        guard let scheme = schemes.first(where: { value.hasPrefix($0 + "://") }) else { return false }
        let rest = value.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        guard !rest.contains(where: \.isWhitespace), !address.isEmpty, address.first != ":" else { return false }
        let afterHost = address.first == "[" ? address.drop { $0 != "]" }.dropFirst() : address.drop { $0 != ":" }
        return afterHost.isEmpty || (afterHost.first == ":" && isInteger(String(afterHost.dropFirst()), in: 1...65535))
    }
}
