import Contracts

/// One line of `omoi doctor`.
package struct Finding: Sendable, Equatable {
    package enum Level: String, Sendable { case ok, warn, fail }

    package var level: Level
    /// What was looked at.
    package var name: String
    /// What was found.
    package var detail: String
    /// What to do about it; nil when there is nothing to do.
    package var fix: String?

    package static func ok(_ name: String, _ detail: String) -> Finding {
        Finding(level: .ok, name: name, detail: detail)
    }

    package static func warn(_ name: String, _ detail: String, fix: String) -> Finding {
        Finding(level: .warn, name: name, detail: detail, fix: fix)
    }

    package static func fail(_ name: String, _ detail: String, fix: String) -> Finding {
        Finding(level: .fail, name: name, detail: detail, fix: fix)
    }

    /// The line for people.
    package var line: String {
        let label = level.rawValue + String(repeating: " ", count: 5 - level.rawValue.count)
        return "\(label) \(name): \(detail)\(fix.map { "; fix: \($0)" } ?? "")"
    }

    /// The object for programs.
    package var value: JSONValue {
        var members: [String: JSONValue] = [
            "level": .string(level.rawValue), "name": .string(name), "detail": .string(detail),
        ]
        members["fix"] = fix.map { .string($0) }
        return .object(members)
    }
}
