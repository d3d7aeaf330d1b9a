import FoundationEssentials
import Glibc
import Kernel

/// The processes of a node: the Erlang machine, the name daemon of its own, and the guard that kills both when the
/// starter dies.
final class RunningNode: Sendable {
    /// The Erlang machine.
    let mark: ProcessMark
    private let nameDaemon: ProcessMark
    private let guardian: Int32
    /// Our end of the connection whose closing wakes the guard; closed by the kernel when this process dies.
    private let leash: Int32

    /// What a later starter needs to find them, stored as `pids.json`.
    private struct Record: Codable {
        var node: ProcessMark
        var nameDaemon: ProcessMark
    }

    init(installation: BrokerInstallation, directory: String, settings: NodeSettings) throws(Fault) {
        let environment = installation.environment(directory: directory, settings: settings)
        let console = directory + "/log/console.log"
        unlink(console)
        let daemonID = try spawn(
            [installation.nameDaemon, "-port", "\(settings.namePort)", "-address", "127.0.0.1"],
            environment: environment,
            outputFile: console
        )
        let nodeID: Int32
        do {
            nodeID = try spawn([installation.server, "-noinput"], environment: environment, outputFile: console)
        } catch {
            Glibc.kill(daemonID, SIGKILL)
            throw error
        }
        guard let node = ProcessMark(pid: nodeID), let daemon = ProcessMark(pid: daemonID) else {
            Glibc.kill(-nodeID, SIGKILL)
            Glibc.kill(daemonID, SIGKILL)
            throw Fault(.unavailable, "the message broker ended at once; see \(console)")
        }
        mark = node
        nameDaemon = daemon
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Fault(.unavailable, "cannot make a socket pair") }
        defer { close(ends[0]) }
        leash = ends[1]
        guardian = try spawn(
            ["/bin/sh", "-c", "read -r line; kill -s KILL -- -\(nodeID) -\(daemonID)"],
            environment: environment,
            input: ends[0],
            outputFile: "/dev/null"
        )
        let record = Record(node: node, nameDaemon: daemon)
        if let data = try? JSONEncoder().encode(record) {
            try TextFile.write(String(decoding: data, as: UTF8.self), to: directory + "/pids.json")
        }
    }

    deinit {
        close(leash)
    }

    /// Whether the node is gone; reaps it.
    var hasEnded: Bool { exitStatus(ofChild: mark.pid) != nil || !mark.isAlive }

    /// Ends all processes: the node by `signal`, and by SIGKILL when that takes too long.
    func end(signal: Int32, within limit: Duration, directory: String) async {
        Glibc.kill(-guardian, SIGKILL)
        mark.kill(signal)
        await Self.wait(for: mark, limit: limit)
        nameDaemon.kill(SIGKILL)
        await Self.wait(for: nameDaemon, limit: limit)
        _ = exitStatus(ofChild: guardian)
        unlink(directory + "/pids.json")
    }

    /// Kills a node that an earlier starter left in `directory`.
    static func endLeftover(in directory: String) async {
        guard let text = TextFile.read(directory + "/pids.json"),
            let record = try? JSONDecoder().decode(Record.self, from: Data(text.utf8))
        else { return }
        for process in [record.node, record.nameDaemon] {
            process.kill(SIGKILL)
            await wait(for: process, limit: .seconds(10))
        }
        unlink(directory + "/pids.json")
    }

    /// Waits until a process is gone, killing it after `limit`. On a thread of its own: it blocks, and a cancelled task
    /// must not leave a node behind.
    private static func wait(for process: ProcessMark, limit: Duration) async {
        await withCheckedContinuation { continuation in
            startThread(named: "broker-wait") {
                let deadline = ContinuousClock.now.advanced(by: limit)
                // A child is gone when it is reaped: its leading thread may be a zombie while others still hold ports.
                while exitStatus(ofChild: process.pid) == nil || process.isAlive {
                    if ContinuousClock.now > deadline { process.kill(SIGKILL) }
                    usleep(5000)
                }
                continuation.resume()
            }
        }
    }
}

/// A lock on a file, held until the object is gone or the process has died.
final class DirectoryLock: Sendable {
    private let file: Int32

    /// - Throws: ``Fault`` when another process holds it.
    init(_ path: String) throws(Fault) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Fault(.unavailable, "cannot open \(path): \(String(cString: strerror(errno)))") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw Fault(.unavailable, "the message broker of \(path) is run by another process")
        }
        self.file = file
    }

    deinit {
        close(file)
    }
}
