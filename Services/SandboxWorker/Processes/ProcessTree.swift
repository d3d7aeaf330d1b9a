import Glibc

/// Everything this process has below it, in whatever session. Nothing gets away after ``adoptOrphans()``; nothing else
/// may run below this process at the time.
enum ProcessTree {
    /// Makes this process the parent of every descendant whose own parent ends, so that none can get away.
    ///
    /// - Returns: false when the system does not know how.
    static func adoptOrphans() -> Bool {
        // prctl is variadic and therefore not visible to Swift; its arguments are plain machine words.
        typealias ProcessControl = @convention(c) (CInt, UInt, UInt, UInt, UInt) -> CInt
        guard let symbol = dlsym(nil, "prctl") else { return false }
        let setChildSubreaper: CInt = 36
        return unsafeBitCast(symbol, to: ProcessControl.self)(setChildSubreaper, 1, 0, 0, 0) == 0
    }

    /// Sends a signal to the group led by `leader` and to everything else of the tree.
    static func send(_ signal: CInt, leader: pid_t) {
        kill(-leader, signal)
        for process in descendants(of: getpid()) where !process.isZombie { kill(process.id, signal) }
    }

    /// Kills until nothing of the tree runs any more, and reaps all but `leader`, whom its starter reaps.
    static func destroy(leader: pid_t) {
        kill(-leader, SIGKILL)
        let own = getpid()
        while true {
            let remaining = descendants(of: own).filter { $0.id != leader }
            guard !remaining.isEmpty else { return }
            for process in remaining {
                if !process.isZombie { kill(process.id, SIGKILL) }
                if process.parent == own { waitpid(process.id, nil, WNOHANG) }
            }
            usleep(1000)
        }
    }

    struct Member {
        var id: pid_t
        var parent: pid_t
        var isZombie: Bool
    }

    static func descendants(of root: pid_t) -> [Member] {
        var children: [pid_t: [Member]] = [:]
        for process in all() { children[process.parent, default: []].append(process) }
        var found: [Member] = []
        var pending = [root]
        while let parent = pending.popLast() {
            for child in children.removeValue(forKey: parent) ?? [] {
                found.append(child)
                pending.append(child.id)
            }
        }
        return found
    }

    private static func all() -> [Member] {
        FileKind.names(in: "/proc").compactMap { pid_t($0).flatMap(member) }
    }

    /// From `/proc/<id>/stat`: `id (name) state parent ...`; the name may contain anything, so the last `)` counts.
    private static func member(_ id: pid_t) -> Member? {
        let file = open("/proc/\(id)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &buffer, buffer.count)
        guard count > 0, let end = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = buffer[(end + 1)..<count].split(separator: UInt8(ascii: " "), maxSplits: 3)
        guard fields.count >= 2, let parent = pid_t(String(decoding: fields[1], as: UTF8.self)) else { return nil }
        return Member(id: id, parent: parent, isZombie: fields[0].first == UInt8(ascii: "Z"))
    }
}
