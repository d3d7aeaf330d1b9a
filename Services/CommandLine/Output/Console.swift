import Glibc

/// Where a command prints, a line at a time.
package struct Console: Sendable {
    private let writeOutput: @Sendable (String) -> Void
    private let writeError: @Sendable (String) -> Void

    package init(output: @escaping @Sendable (String) -> Void, error: @escaping @Sendable (String) -> Void) {
        writeOutput = output
        writeError = error
    }

    /// Standard output and standard error.
    package static let standard = Console(
        output: { Self.write($0, to: STDOUT_FILENO) },
        error: { Self.write($0, to: STDERR_FILENO) }
    )

    /// A result, for standard output.
    package func print(_ line: String) { writeOutput(line) }

    /// A remark or an error, for standard error.
    package func note(_ line: String) { writeError(line) }

    private static func write(_ line: String, to descriptor: Int32) {
        var rest = Array(line.utf8)[...]
        rest.append(UInt8(ascii: "\n"))
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // Nobody listens any more (a closed pipe): there is nobody to tell either.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
