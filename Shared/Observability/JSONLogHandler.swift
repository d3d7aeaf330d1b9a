import Glibc
import Kernel
import Logging
import ServiceContextModule
import Synchronization

/// Writes one JSON object per line: `time`, `level`, `service`, `message`, then `trace_id` where there is one, `error`
/// and `metadata`.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let service: String
    private let output: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - service: value of the `service` member.
    ///   - output: takes one line with its line feed; standard error unless a test wants to see it.
    package init(
        service: String,
        level: Logger.Level = .info,
        output: @escaping @Sendable ([UInt8]) -> Void = JSONLogHandler.standardError
    ) {
        self.service = service
        self.logLevel = level
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var text = JSONText()
        text.append(raw: "{")
        text.append(member: "time", first: true)
        text.append(string: Timestamp.now().description)
        text.append(member: "level")
        text.append(string: event.level.rawValue)
        text.append(member: "service")
        text.append(string: service)
        text.append(member: "message")
        text.append(string: Redaction.scrub(event.message.description))
        if let trace = ServiceContext.current?.traceContext {
            text.append(member: "trace_id")
            text.append(string: trace.traceID)
        }
        if let error = event.error {
            text.append(member: "error")
            text.append(string: Redaction.scrub(String(describing: error)))
        }
        let merged = merge(event.metadata)
        if !merged.isEmpty {
            text.append(member: "metadata")
            Self.append(merged, to: &text)
        }
        text.append(raw: "}\n")
        output(text.bytes)
    }

    /// Later sources win: handler, provider, the call itself.
    private func merge(_ explicit: Logger.Metadata?) -> Logger.Metadata {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { $1 } }
        if let explicit { merged.merge(explicit) { $1 } }
        return merged
    }

    private static func append(_ metadata: Logger.Metadata, to text: inout JSONText) {
        text.append(raw: "{")
        var first = true
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            text.append(member: key, first: first)
            first = false
            if Redaction.hides(key: key) {
                text.append(string: Redaction.mark)
            } else {
                append(value, to: &text)
            }
        }
        text.append(raw: "}")
    }

    private static func append(_ value: Logger.Metadata.Value, to text: inout JSONText) {
        switch value {
        case .string(let string): text.append(string: Redaction.scrub(string))
        case .stringConvertible(let value): text.append(string: Redaction.scrub(value.description))
        case .dictionary(let metadata): append(metadata, to: &text)
        case .array(let values):
            text.append(raw: "[")
            for (index, value) in values.enumerated() {
                if index > 0 { text.append(raw: ",") }
                append(value, to: &text)
            }
            text.append(raw: "]")
        }
    }

    private static let lock = Mutex<Void>(())

    /// Writes whole lines to standard error. A log that cannot be written is lost; the service goes on.
    package static func standardError(_ line: [UInt8]) {
        lock.withLock { _ in
            var rest = line[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return }
                rest = rest.dropFirst(written)
            }
        }
    }
}
