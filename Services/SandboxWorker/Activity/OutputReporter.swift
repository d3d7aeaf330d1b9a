import Contracts
import Glibc
import Kernel
import Synchronization

/// Turns the output of a program into activities, one per line, bounded in length and in rate.
final class OutputReporter: Sendable {
    private struct State {
        var line: [UInt8] = []
        var isCut = false
        var allowance = Double(Limits.activityLinesPerSecond)
        var refilled = ContinuousClock.now
        var omitted = 0
        var last = ""
    }

    private let type: ActivityType
    private let source: ActivityReporter.Source
    private let details: [String: JSONValue]
    private let reporter: ActivityReporter
    private let sign: SignOfWork
    private let state = Mutex(State())

    /// - Parameter details: members that every activity carries beside the text.
    init(
        _ type: ActivityType,
        source: ActivityReporter.Source,
        details: [String: JSONValue] = [:],
        to reporter: ActivityReporter,
        sign: SignOfWork
    ) {
        self.type = type
        self.source = source
        self.details = details
        self.reporter = reporter
        self.sign = sign
    }

    /// The last line that was not empty.
    var lastLine: String { state.withLock { $0.last } }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        sign.give()
        state.withLock { state in
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    endLine(&state)
                } else if state.line.count < Limits.activityLineBytes {
                    state.line.append(byte)
                } else {
                    state.isCut = true
                }
            }
        }
    }

    /// Reports an unfinished last line and how many lines were left out.
    func finish() {
        state.withLock { state in
            if !state.line.isEmpty { endLine(&state) }
            reportOmitted(&state)
        }
    }

    private func endLine(_ state: inout State) {
        defer {
            state.line.removeAll(keepingCapacity: true)
            state.isCut = false
        }
        refill(&state)
        guard state.allowance >= 1 else {
            state.omitted += 1
            return
        }
        reportOmitted(&state)
        state.allowance -= 1
        let text = String(decoding: state.line, as: UTF8.self).withoutControlCharacters
        if !text.isEmpty { state.last = text }
        var data = details
        data["text"] = .string(text)
        if state.isCut { data["truncated"] = .bool(true) }
        reporter.report(type, data, source: source)
    }

    private func reportOmitted(_ state: inout State) {
        guard state.omitted > 0 else { return }
        var data = details
        data["text"] = .string("\(state.omitted) lines omitted")
        data["omitted"] = .integer(Int64(state.omitted))
        state.omitted = 0
        reporter.report(type, data, source: .worker)
    }

    private func refill(_ state: inout State) {
        let now = ContinuousClock.now
        let perSecond = Double(Limits.activityLinesPerSecond)
        state.allowance = min(perSecond, state.allowance + state.refilled.duration(to: now).seconds * perSecond)
        state.refilled = now
    }
}

/// The file `activity`, touched at most once a second while a program produces output: the orchestrator's measure of a
/// stalled sandbox.
final class SignOfWork: Sendable {
    private let path: String
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    init(path: String) {
        self.path = path
    }

    func give() {
        let isDue = last.withLock { last in
            let now = ContinuousClock.now
            if let last, last.duration(to: now) < .seconds(1) { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        close(file)
    }
}
