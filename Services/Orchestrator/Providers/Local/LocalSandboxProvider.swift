import Contracts
import Glibc
import Kernel
import Logging

/// What the providers on this machine have in common: the worker is a process of this machine, outside the isolation;
/// they differ in what the worker puts around agent and checks.
package protocol LocalSandboxProvider: SandboxProvider {
    var workers: WorkerLauncher { get }
    /// Path of `omoi-sandbox-worker`.
    var worker: String { get }
    var logger: Logger { get }
}

extension LocalSandboxProvider {
    package func create(
        _ launch: SandboxLaunch,
        token: String,
        in directory: SandboxDirectory
    ) async throws -> ProviderHandle {
        try directory.prepare(launch, token: token)
        return try workers.start([worker, "run", directory.path], in: directory.path, log: directory.log).handle
    }

    package func find(in directory: SandboxDirectory) -> ProviderHandle? {
        let said = LocalFile.read(directory.pidFile, limit: 64).flatMap { content in
            pid_t(
                String(decoding: content.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }, as: UTF8.self)
            )
        }
        // The pid file may not be written yet, or be out of date: what decides is the command line.
        let candidates = (said.map { [$0] } ?? []) + ProcessTable.pids()
        for pid in candidates {
            let arguments = ProcessTable.commandLine(of: pid)
            guard arguments.contains("run"), arguments.contains(directory.path),
                let entry = ProcessTable.entry(of: pid), !entry.hasEnded, entry.session == pid
            else { continue }
            return ProcessIdentity(entry).handle
        }
        return nil
    }

    package func liveness(of handle: ProviderHandle) -> Supervision.Liveness {
        ProcessIdentity(handle)?.entry == nil ? .gone : .alive
    }

    package func waitForExit(of handle: ProviderHandle) async {
        guard let identity = ProcessIdentity(handle) else { return }
        _ = await workers.waitForExit(of: identity)
    }

    package func stop(_ handle: ProviderHandle?, in directory: SandboxDirectory) async {
        let tree = ProcessTree(worker: handle.flatMap(ProcessIdentity.init), directory: directory)
        if !(await tree.end()) {
            logger.error("processes of a sandbox survived SIGKILL", metadata: ["directory": "\(directory.path)"])
        }
    }

    package func submit(in directory: SandboxDirectory) async -> Bool {
        do {
            let status = try await workers.run(
                [worker, "submit", directory.path],
                in: directory.path,
                log: directory.log,
                limit: .seconds(300)
            )
            return status == 0
        } catch {
            logger.error("cannot submit a spooled result", metadata: ["error": "\(error.message)"])
            return false
        }
    }

    package func remove(_ directory: SandboxDirectory) async throws {
        let limit: Duration = .seconds(120)
        guard directory.exists else { return }
        if try await workers.run(["/bin/rm", "-rf", "--", directory.path], limit: limit) == 0 { return }
        // Package managers write-protect their caches, and who is not root may not empty such a folder.
        _ = try await workers.run(["/bin/chmod", "-R", "u+rwX", "--", directory.path], limit: limit)
        guard try await workers.run(["/bin/rm", "-rf", "--", directory.path], limit: limit) == 0 else {
            throw Fault(.unavailable, "cannot remove \(directory.path)")
        }
    }

    /// Refuses a worker that is not there.
    func verifyWorker() throws(Fault) {
        guard LocalFile.isExecutable(worker) else {
            throw Fault(
                .unavailable,
                "OMOI_WORKER: '\(worker)' is not an executable file; set it to the path of omoi-sandbox-worker"
            )
        }
    }
}
