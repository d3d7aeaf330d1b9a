import Contracts
import Glibc
import HTTPClient
import Kernel
import Logging
import TestSupport
import Testing

@testable import SandboxWorker

/// Parts that are easier to see alone.
@Suite(.timeLimit(.minutes(2)))
struct PartTests {
    private func reporter(_ url: String) -> ActivityReporter {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ActivityReporter(
            api: APIClient(client: WebClient(), baseURL: url, token: "t"),
            sandboxID: .make(),
            logger: logger
        )
    }

    @Test func `what does not fit while the gateway is away is counted and said`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root, isEmpty: true)
            let away = StandInGateway.Behaviour(eventStatus: 503)
            try await StandInGateway.serve(sandbox.assignment(agent: []), away) { gateway, url in
                let reporter = reporter(url)
                let excess = 500
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await reporter.run() }
                    for number in 0..<(Limits.activityBuffer + excess) {
                        reporter.report(.commandOutput, ["text": .string("\(number)")])
                    }
                    try await eventually("a report was refused") { gateway.seen.eventRequests > 0 }
                    gateway.behave(StandInGateway.Behaviour())
                    try await eventually("a report was accepted") { !gateway.seen.activities.isEmpty }
                    reporter.finish()
                    try await group.waitForAll()
                }
                let activities = gateway.seen.activities
                #expect(activities.map(\.sequence) == Array(1...Limits.activityBuffer + 1))
                #expect(activities.last?.eventData?["dropped"] == .integer(Int64(excess)))
            }
        }
    }

    @Test func `reporting to nobody ends at once`() async throws {
        let port = try FreePort.find()
        let reporter = reporter("http://127.0.0.1:\(port)")
        reporter.report(.agentMessage, ["text": .string("lost")])
        reporter.finish()
        await reporter.run()
    }

    @Test(arguments: [
        ("fatal: repository 'x' does not exist\n", "repository 'x' does not exist"),
        ("warning: a\nfatal: b\nfatal: c\nhint: d\n", "c"), ("error: e\nmore\n", "e"), ("plain\n", "plain"),
        ("\u{1b}[31mfatal: red\u{1b}[0m\n", "[31mfatal: red[0m"), ("", "git gave no reason"),
    ])
    func `git's reason is one clean line`(output: String, reason: String) {
        #expect(Git.reason(Array(output.utf8)) == reason)
    }

    @Test(arguments: [
        ("https://user:secret@host/a@b.git", "https://host/a@b.git"), ("https://host/x.git", "https://host/x.git"),
        ("/local/path@2", "/local/path@2"), ("git@host:x.git", "git@host:x.git"),
        ("ssh://git@host:22/x", "ssh://host:22/x"),
    ])
    func `an address is shown without credentials`(address: String, shown: String) {
        #expect(WorkingCopy.withoutCredentials(address) == shown)
    }

    @Test func `a result is cut until it fits, and says so`() throws {
        let files = (0..<Limits.filesChanged).map {
            TaskResult.FileChange(path: String(repeating: "d/", count: 100) + "\($0)", action: .created)
        }
        let result = ResultSubmission(status: .completed, summary: "s", filesChanged: files, notes: "n").fitting
        #expect(try ContractCoder.encode(result).count <= Limits.resultBytes)
        #expect(!result.filesChanged.isEmpty)
        #expect(result.notes == "n\n\(files.count - result.filesChanged.count) changed files are not listed")
    }

    @Test func `the spool survives what was half written`() async throws {
        try await withTemporaryDirectory { root in
            let spool = Spool(path: "\(root)/spool")
            #expect(try spool.entry() == nil)
            let entry = Spool.Entry(
                taskID: .make(),
                attempt: 3,
                submission: ResultSubmission(status: .partial, summary: "s")
            )
            try spool.store(entry)
            try AtomicFile.write(Array("{".utf8), to: "\(root)/spool/result.json.new")
            #expect(try spool.entry() == entry)
            var information = stat()
            #expect(stat("\(root)/spool/result.json", &information) == 0)
            #expect(information.st_mode & 0o777 == 0o600)
        }
    }

    @Test(arguments: [
        (200, true), (201, true), (302, true), (400, true), (401, true), (404, true), (409, true), (413, true),
        (422, true), (429, false), (500, false), (503, false), (504, false),
    ])
    func `only 429 and 5xx are not final`(status: Int, isFinal: Bool) {
        #expect(ResultSubmitter.isFinal(status) == isFinal)
    }

    @Test func `a pause ends with the stop`() async {
        let stop = StopSignal()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stop.pause(.seconds(1000)) }
            stop.request()
            await group.waitForAll()
        }
        #expect(stop.isRequested)
        await stop.wait()
    }
}
