import Glibc

/// A process beyond doubt: numbers are used again, but not with the same start time in the same boot.
struct ProcessIdentity: Sendable, Hashable {
    let pid: pid_t
    /// Clock ticks from boot to the start of the process.
    let startTime: UInt64
    let boot: String

    init(_ entry: ProcessTable.Entry) {
        pid = entry.pid
        startTime = entry.startTime
        boot = ProcessTable.boot
    }

    /// `<pid>:<start>:<boot>`; nil for anything else.
    init?(_ handle: ProviderHandle) {
        let parts = handle.text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let pid = pid_t(parts[0]), pid > 1, let startTime = UInt64(parts[1]) else {
            return nil
        }
        self.pid = pid
        self.startTime = startTime
        self.boot = String(parts[2])
    }

    var handle: ProviderHandle { ProviderHandle(text: "\(pid):\(startTime):\(boot)") }

    /// The process itself, unless it has ended; one that only waits to be reaped has ended.
    var entry: ProcessTable.Entry? {
        guard boot == ProcessTable.boot, let entry = ProcessTable.entry(of: pid), entry.startTime == startTime,
            !entry.hasEnded
        else { return nil }
        return entry
    }
}

/// What `/proc` tells about the processes of this machine.
enum ProcessTable {
    struct Entry: Sendable, Equatable {
        var pid: pid_t
        var parent: pid_t
        var session: pid_t
        var startTime: UInt64
        /// A zombie: nothing of it runs any more.
        var hasEnded: Bool
    }

    /// Identifies this boot of this machine.
    static let boot: String = {
        let text = String(decoding: LocalFile.read("/proc/sys/kernel/random/boot_id") ?? [], as: UTF8.self)
        return String(text.prefix { !$0.isWhitespace })
    }()

    static func entry(of pid: pid_t) -> Entry? {
        guard let content = LocalFile.read("/proc/\(pid)/stat", limit: 4096) else { return nil }
        // The name in parentheses may itself hold spaces and parentheses; the fields after the last one are numbers.
        guard let end = content.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = content[(end + 1)...].split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard fields.count > 19, let parent = pid_t(fields[1]), let session = pid_t(fields[3]),
            let startTime = UInt64(fields[19])
        else { return nil }
        let hasEnded = fields[0] == "Z" || fields[0] == "X"
        return Entry(pid: pid, parent: parent, session: session, startTime: startTime, hasEnded: hasEnded)
    }

    static func all() -> [Entry] {
        pids().compactMap(entry)
    }

    /// Program and arguments; empty when unknown.
    static func commandLine(of pid: pid_t) -> [String] {
        guard let content = LocalFile.read("/proc/\(pid)/cmdline") else { return [] }
        return content.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The environment the process was started with, `NAME=value` separated by NUL; empty when unknown.
    static func environment(of pid: pid_t) -> [UInt8] {
        LocalFile.read("/proc/\(pid)/environ") ?? []
    }

    static func pids() -> [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var pids: [pid_t] = []
        while let item = readdir(directory) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let pid = pid_t(name) { pids.append(pid) }
        }
        return pids
    }
}
