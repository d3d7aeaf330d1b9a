import Glibc
import Kernel
import TestSupport
import Testing

@testable import CommandLineTool

/// What `omoi up` checks before it starts anything, and how it finds what an earlier one left.
@Suite(.timeLimit(.minutes(2)))
struct UpTests {
    @Test func `a home is its owner's, a second lock is refused`() async throws {
        try await withTemporaryDirectory { directory in
            let home = Home(path: "\(directory)/a/home")
            try home.create()
            var status = stat()
            #expect(stat(home.path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
            #expect(!HomeLock.isHeld(home))
            let lock = try HomeLock(home)
            #expect(HomeLock.isHeld(home))
            #expect {
                try HomeLock(home)
            } throws: { error in
                let fault = error as? Fault
                return fault?.code == .conflict && fault?.message.contains("(process \(getpid()))") == true
            }
            withExtendedLifetime(lock) {}
        }
    }

    @Test func `secrets are written for their owner and in one piece`() async throws {
        try await withTemporaryDirectory { directory in
            let home = Home(path: directory)
            try home.writeSecret("one\n", to: home.brokerAddressFile)
            try home.writeSecret("two\n", to: home.brokerAddressFile)
            var status = stat()
            #expect(stat(home.brokerAddressFile, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(Home.text(of: home.brokerAddressFile) == "two")
        }
    }

    @Test(arguments: ["OMOI_HTTP_PORT", "OMOI_RELAY_PORT"])
    func `a port in use is one line that names the variable`(variable: String) async throws {
        let taken = try FreePort.find()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(taken).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let listening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(descriptor, 1) == 0
            }
        }
        #expect(listening)
        #expect(Port.accepts(port: taken))
        try await withTemporaryDirectory { directory in
            var environment = [
                "OMOI_HOME": directory, "OMOI_HTTP_PORT": String(try FreePort.find()),
                "OMOI_RELAY_PORT": String(try FreePort.find()),
            ]
            environment[variable] = String(taken)
            let run = await Invocation.run(["up"], environment: environment)
            #expect(run.status == .conflict)
            #expect(run.errors.count == 1)
            #expect(run.errors.first?.contains("\(variable): port \(taken) on 127.0.0.1 is in use") == true)
        }
    }

    @Test func `a noted process is found again, stopped, and not mistaken for another`() async throws {
        try await withTemporaryDirectory { directory in
            let home = Home(path: directory)
            try home.create()
            let child = try ChildProcess("/bin/sleep", ["600"], logPath: "\(directory)/log")
            let record = try #require(ProcessRecord(processID: child.processID, healthPort: 1))
            try record.write("service", in: home)
            #expect(ProcessRecord.read("service", in: home) == record)
            #expect(record.isRunning)
            var other = record
            other.startTicks += 1
            #expect(!other.isRunning)
            try await other.stop()
            #expect(child.isRunning)
            try await record.stop(patience: .milliseconds(500))
            try await child.waitForExit()
            #expect(!record.isRunning)
        }
    }

    @Test func `a service that ends is started again and stopped with its keeper`() async throws {
        try await withTemporaryDirectory { directory in
            let home = Home(path: directory)
            try home.create()
            let log = home.logFile("service")
            try SmallFile.write("#!/bin/sh\necho started\nexec sleep 600\n", to: "\(directory)/service", mode: 0o700)
            let console = Console(output: { _ in }, error: { _ in })
            let service = ServiceProcess(
                name: "service",
                executable: "\(directory)/service",
                healthPort: 1,
                environment: ["PATH": "/usr/bin:/bin"],
                home: home,
                console: console
            )
            func lines() throws -> Int {
                access(log, F_OK) == 0 ? try SmallFile.read(log).split(separator: "\n").count : 0
            }
            // Unstructured: it runs beside the test's own steps, which end it.
            let running = Task { try await service.run() }
            let first: ProcessRecord = try await eventually("it is noted") {
                guard try lines() == 1 else { return nil }
                return ProcessRecord.read("service", in: home).flatMap { $0.isRunning ? $0 : nil }
            }
            kill(first.processID, SIGKILL)
            let second: ProcessRecord = try await eventually("it is started again") {
                guard try lines() == 2 else { return nil }
                return ProcessRecord.read("service", in: home).flatMap { $0 != first && $0.isRunning ? $0 : nil }
            }
            running.cancel()
            try await running.value
            #expect(!second.isRunning)
            #expect(ProcessRecord.read("service", in: home) == nil)
        }
    }

    @Test func `a service that refuses its configuration ends everything with its own words`() async throws {
        try await withTemporaryDirectory { directory in
            let home = Home(path: directory)
            try home.create()
            let refusal = "#!/bin/sh\necho OMOI_X is wrong >&2\nexit 2\n"
            try SmallFile.write(refusal, to: "\(directory)/service", mode: 0o700)
            let service = ServiceProcess(
                name: "service",
                executable: "\(directory)/service",
                healthPort: 1,
                environment: [:],
                home: home,
                console: Console(output: { _ in }, error: { _ in })
            )
            await #expect {
                try await service.run()
            } throws: { error in
                (error as? Fault)?.message == "service: OMOI_X is wrong"
            }
        }
    }
}
