import Glibc
import Kernel
import TestSupport

/// What the kernel says a process has used.
struct ProcessUsage {
    /// User and system time, seconds.
    var cpu: Double
    /// Resident memory, megabytes.
    var memory: Double

    init(of process: pid_t) throws {
        // proc(5): the command in parentheses may contain anything, so fields are counted after the last ')'.
        let stat = try SmallFile.read("/proc/\(process)/stat")
        guard let end = stat.lastIndex(of: ")") else { throw Fault.notFound("process", String(process)) }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        let ticks = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
        cpu = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        memory = (Double(fields[21]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }

    /// CPU seconds of every member of the system and its broker, by name.
    static func all(of system: OmoiSystem) throws -> [String: Double] {
        var usage: [String: Double] = [:]
        for member in OmoiSystem.Member.allCases {
            guard let process = system.process(member) else { continue }
            usage[member.rawValue] = try ProcessUsage(of: process.processID).cpu
        }
        if let broker = system.broker.processID { usage["broker"] = try ProcessUsage(of: broker).cpu }
        return usage
    }
}
