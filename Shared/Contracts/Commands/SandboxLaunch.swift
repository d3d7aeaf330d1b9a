import Kernel

/// What the orchestrator tells a sandbox worker: the file `sandbox.json` in the sandbox directory, mode 0600, written
/// before the worker is started. It is not visible inside the isolation.
package struct SandboxLaunch: Codable, Sendable, Equatable {
    /// Name of the file in the sandbox directory.
    package static let fileName = "sandbox.json"

    package var sandboxID: Identifier
    /// Root of the gateway, such as `http://127.0.0.1:8080`, without a trailing slash.
    package var gatewayURL: String
    /// Absolute path of the file that holds the sandbox's bearer token, mode 0600.
    package var tokenFile: String
    package var isolation: Isolation
    /// W3C trace context of the claim, passed on by the worker in its requests.
    package var traceparent: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case isolation, traceparent
        case sandboxID = "sandbox_id"
        case gatewayURL = "gateway_url"
        case tokenFile = "token_file"
    }

    package init(
        sandboxID: Identifier,
        gatewayURL: String,
        tokenFile: String,
        isolation: Isolation,
        traceparent: String? = nil
    ) {
        self.sandboxID = sandboxID
        self.gatewayURL = gatewayURL
        self.tokenFile = tokenFile
        self.isolation = isolation
        self.traceparent = traceparent
    }

    /// How the agent and the checks are kept apart from everything else.
    package struct Isolation: Codable, Sendable, Equatable {
        package enum Kind: String, Codable, Sendable, CaseIterable { case bubblewrap, process }

        /// Replaced in ``prefix`` by the absolute path of the working copy.
        package static let workingCopyToken = "{working-copy}"
        /// Replaced in ``prefix`` by the absolute path of the agent's private home.
        package static let homeToken = "{home}"
        /// Replaced in ``prefix`` by the absolute path of the file with the task's text.
        package static let taskFileToken = "{task-file}"

        package var kind: Kind
        /// Command line put before those of the agent and of the checks; empty for `process`. A token may stand alone
        /// or be part of an argument.
        package var prefix: [String]

        package init(kind: Kind, prefix: [String]) {
            self.kind = kind
            self.prefix = prefix
        }

        /// The complete command line: ``prefix`` with its tokens replaced, then `command`.
        ///
        /// - Parameters:
        ///   - command: program and arguments of the agent or of a check.
        ///   - workingCopy: absolute path; must exist when the command is started.
        ///   - home: absolute path; must exist when the command is started.
        ///   - taskFile: absolute path; must exist when the command is started.
        package func commandLine(
            for command: [String],
            workingCopy: String,
            home: String,
            taskFile: String
        ) -> [String] {
            prefix.map { argument in
                let values = [
                    (Self.workingCopyToken, workingCopy), (Self.homeToken, home), (Self.taskFileToken, taskFile),
                ]
                // One token per argument at most, so a path that contains the text of a token is left alone.
                for (token, value) in values {
                    guard let range = argument.firstRange(of: token) else { continue }
                    return argument.replacingCharacters(range, with: value)
                }
                return argument
            } + command
        }
    }
}

extension String {
    fileprivate func replacingCharacters(_ range: Range<String.Index>, with value: String) -> String {
        self[..<range.lowerBound] + value + self[range.upperBound...]
    }
}
