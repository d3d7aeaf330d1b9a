import Glibc
import Kernel

/// Everything that runs on behalf of one sandbox, and its end.
struct ProcessTree: Sendable {
    /// The worker; nil when none was ever seen.
    let worker: ProcessIdentity?
    let directory: SandboxDirectory

    /// How long processes may take after SIGTERM before SIGKILL, and how long SIGKILL is repeated. A worker uses the
    /// first to end its agent, to keep what was done on a branch, and to write its result.
    static let patience: Duration = .seconds(4)
    static let insistence: Duration = .seconds(10)

    /// Ends all of it: SIGTERM, then SIGKILL until nothing is left. Runs on a thread of its own, so it is finished even
    /// when the calling task is cancelled.
    ///
    /// - Returns: false when something survived even SIGKILL for ``insistence``, as a process in an uninterruptible
    ///   system call does.
    func end() async -> Bool {
        await withCheckedContinuation { continuation in
            startThread(named: "stop-sandbox") {
                let gone =
                    signal(SIGTERM, for: Self.patience, repeating: false)
                    || signal(SIGKILL, for: Self.insistence, repeating: true)
                continuation.resume(returning: gone)
            }
        }
    }

    /// Sends a signal to all members and waits until they are gone.
    ///
    /// - Returns: whether they are.
    private func signal(_ number: Int32, for limit: Duration, repeating: Bool) -> Bool {
        let end = ContinuousClock.now + limit
        var pause: Duration = .milliseconds(5)
        var sent = false
        while true {
            let members = members()
            if members.isEmpty { return true }
            guard ContinuousClock.now < end else { return false }
            if repeating || !sent {
                for member in members { kill(member.pid, number) }
                sent = true
            }
            usleep(useconds_t(pause.milliseconds * 1000))
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    /// The living processes of the sandbox, found in four ways: the worker by number and start time, the members of its
    /// session, descendants with their sessions, and processes whose environment names a path in the sandbox's own
    /// directory (an agent whose parents have died).
    func members() -> [ProcessTable.Entry] {
        let all = ProcessTable.all().filter { !$0.hasEnded && $0.pid > 1 && $0.pid != getpid() }
        var sessions: Set<pid_t> = []
        var found: Set<pid_t> = []
        if let worker, worker.boot == ProcessTable.boot {
            let leader = all.first { $0.pid == worker.pid }
            // A leader with another start time is a stranger who got the number, and so is his session.
            if leader == nil || leader?.startTime == worker.startTime { sessions.insert(worker.pid) }
        }
        var grew = true
        while grew {
            grew = false
            for entry in all where !found.contains(entry.pid) {
                guard sessions.contains(entry.session) || found.contains(entry.parent) else { continue }
                found.insert(entry.pid)
                // 0: the session of somebody outside this container.
                if entry.session > 0 { sessions.insert(entry.session) }
                grew = true
            }
        }
        let mark = Array("\(directory.path)/".utf8)
        let earliest = worker.map { $0.boot == ProcessTable.boot ? $0.startTime : 0 } ?? 0
        for entry in all where !found.contains(entry.pid) && entry.startTime >= earliest {
            guard ProcessTable.environment(of: entry.pid).contains(mark) else { continue }
            found.insert(entry.pid)
        }
        return all.filter { found.contains($0.pid) }
    }
}
