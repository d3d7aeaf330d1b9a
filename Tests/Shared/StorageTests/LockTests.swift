import Foundation
import Kernel
import Storage
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `The lock of a store` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open() throws -> Store {
        try Store(StoreConfiguration(path: folder.database, durability: .full), migrations: [noteTable])
    }

    /// Starts python3 with a script that is given the lock file's path.
    private func python(_ script: String, output: Pipe = Pipe()) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, folder.database + ".lock"]
        process.standardOutput = output
        try process.run()
        return process
    }

    @Test func `a second store in the same process is refused`() async throws {
        let store = try open()
        let error = #expect(throws: Fault.self) { try open() }
        try expectUnavailable(error, naming: folder.database, "in use by process \(getpid())", "OMOI_HOME")
        try await store.write { try insertNote("still fine", $0) }
        await store.close()
        await (try open()).close()
    }

    @Test func `a store another process holds is refused before anything is touched`() async throws {
        let output = Pipe()
        let process = try python(
            """
            import fcntl, os, sys, time
            file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            os.write(file, b"%d\\n" % os.getpid())
            print("locked", flush=True)
            time.sleep(60)
            """,
            output: output
        )
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("locked"))

        let error = #expect(throws: Fault.self) { try open() }
        try expectUnavailable(error, naming: folder.database, "process \(process.processIdentifier)", "OMOI_HOME")
        #expect(try folder.files == ["store.sqlite.lock"])

        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let store = try open()
        await store.close()
    }

    @Test func `another process cannot take the lock of an open store`() async throws {
        let tryLock = """
            import fcntl, os, sys
            file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit(3)
            """
        let store = try open()
        let during = try python(tryLock)
        during.waitUntilExit()
        #expect(during.terminationStatus == 3)
        await store.close()
        let after = try python(tryLock)
        after.waitUntilExit()
        #expect(after.terminationStatus == 0)
    }

    @Test func `a missing folder is named`() throws {
        let path = folder.path + "/missing/store.sqlite"
        let error = #expect(throws: Fault.self) {
            try Store(StoreConfiguration(path: path, durability: .full), migrations: [])
        }
        try expectUnavailable(error, naming: path)
    }
}
