import Glibc
import Kernel

@testable import Orchestrator

/// A shell script in the place of `omoi-sandbox-worker`, with the behaviour a test needs. It is a real process,
/// started, found, killed and submitted like the real one.
struct StandInWorker: Sendable {
    /// What `run` does after writing its pid; the working directory is the sandbox directory.
    var run: String
    /// What `submit` does.
    var submit = "touch spool/answer.json"

    /// Leaves a result and its answer at once.
    static let quick = StandInWorker(run: "echo {} > spool/result.json; touch spool/answer.json")
    /// Runs until it is killed.
    static let endless = StandInWorker(run: "while true; do sleep 0.05; done")
    /// Ends without a result.
    static let broken = StandInWorker(run: "exit 3")
    /// Runs until the test creates the file `finish` in its directory, then leaves an answered result.
    static let patient = StandInWorker(
        run: "until [ -e finish ]; do sleep 0.02; done; echo {} > spool/result.json; touch spool/answer.json"
    )
    /// Leaves a result without an answer.
    static let unanswered = StandInWorker(run: "echo {} > spool/result.json")

    /// Writes the script.
    ///
    /// - Returns: its path.
    func install(in folder: String) throws -> String {
        let path = "\(folder)/stand-in-worker"
        let script = """
            #!/bin/bash
            cd "$2" || exit 9
            case "$1" in
            run)
                exec 9> lock
                flock -n 9 || exit 8
                echo $$ >> started
                echo $$ > pid
                mkdir -p spool work home
                \(run)
                ;;
            submit)
                echo submit >> submissions
                \(submit)
                ;;
            esac
            """
        try LocalFile.write(Array(script.utf8), to: path, mode: 0o700)
        return path
    }
}

/// Reads what a stand-in wrote.
enum Written {
    static func lines(_ path: String) -> [String] {
        String(decoding: LocalFile.read(path) ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    static func exists(_ path: String) -> Bool { LocalFile.modified(path) != nil }

    static func touch(_ path: String) throws { try LocalFile.write([], to: path) }
}

extension Written {
    /// Permission bits.
    static func mode(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }
}
