import Contracts
import FoundationEssentials
import Glibc
import Kernel

/// A running service as `up` notes it in `$OMOI_HOME/run/<service>.json`: enough to find it again after a crash of
/// `up`, and never to mistake another process that got the same number for it.
package struct ProcessRecord: Codable, Sendable, Equatable {
    package var processID: Int32
    /// Start time of the process since boot, in clock ticks (field 22 of `/proc/<pid>/stat`).
    package var startTicks: UInt64
    package var healthPort: Int

    package enum CodingKeys: String, CodingKey {
        case processID = "pid"
        case startTicks = "start_ticks"
        case healthPort = "health_port"
    }

    /// The record of a process that runs now; nil when it is gone.
    package init?(processID: Int32, healthPort: Int) {
        guard let ticks = Self.startTicks(of: processID) else { return nil }
        self.processID = processID
        self.startTicks = ticks
        self.healthPort = healthPort
    }

    /// Whether that very process is still there.
    package var isRunning: Bool { Self.startTicks(of: processID) == startTicks }

    static func file(_ service: String, in home: Home) -> String { "\(home.runDirectory)/\(service).json" }

    /// What is noted for a service.
    package static func read(_ service: String, in home: Home) -> ProcessRecord? {
        guard let data = FileManager.default.contents(atPath: file(service, in: home)) else { return nil }
        return try? ContractCoder.decode(ProcessRecord.self, from: Array(data))
    }

    /// Notes the process.
    func write(_ service: String, in home: Home) throws {
        try home.writeSecret(
            String(decoding: ContractCoder.encode(self), as: UTF8.self),
            to: Self.file(service, in: home)
        )
    }

    /// Forgets the process of a service.
    static func remove(_ service: String, in home: Home) {
        unlink(file(service, in: home))
    }

    /// Stops the process: politely, and after `patience` by force.
    func stop(patience: Duration = .seconds(10)) async throws {
        let deadline = ContinuousClock.now + patience
        if isRunning { kill(processID, SIGTERM) }
        while isRunning, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
        if isRunning { kill(processID, SIGKILL) }
        while isRunning {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// nil for a process that does not exist or has ended and only waits to be collected.
    private static func startTicks(of processID: Int32) -> UInt64? {
        guard let stat = FileManager.default.contents(atPath: "/proc/\(processID)/stat") else { return nil }
        // The name in parentheses may contain anything; the fields begin behind its end, with the state.
        let fields = String(decoding: stat, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return UInt64(fields[19])
    }
}
