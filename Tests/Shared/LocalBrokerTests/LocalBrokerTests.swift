import Glibc
import Kernel
import TestSupport
import Testing

@testable import LocalBroker

/// One node for the whole suite would be faster, but these tests are about starting and stopping.
@Suite(.serialized, .timeLimit(.minutes(5)))
final class LocalBrokerTests: Sendable {
    private let directory: String

    init() throws {
        directory = try TemporaryDirectory.make()
    }

    deinit {
        TemporaryDirectory.remove(directory)
    }

    private func broker(in directory: String, _ body: (LocalBroker) async throws -> Void) async throws {
        let broker = try await LocalBroker.start(directory: directory)
        do {
            try await body(broker)
        } catch {
            await broker.stop()
            throw error
        }
        await broker.stop()
    }

    @Test func `keeps data, port and credentials over stop, kill and restart`() async throws {
        var url = ""
        try await broker(in: directory) { broker in
            url = broker.url
            _ = try await broker.control(["add_vhost", "kept"])
            await broker.kill()
            #expect(!probe(broker).succeeds())
            try await broker.restart()
            #expect(probe(broker).succeeds())
            let hosts = try await broker.control(["list_vhosts"])
            #expect(hosts.contains("kept"))
        }
        let leftover = TextFile.read(directory + "/pids.json")
        #expect(leftover == nil)
        try await broker(in: directory) { broker in
            #expect(broker.url == url)
            let hosts = try await broker.control(["list_vhosts"])
            #expect(hosts.contains("kept"))
        }
    }

    @Test func `a node killed before it was settled is made anew, a settled one is kept`() async throws {
        try await broker(in: directory) { broker in
            _ = try await broker.control(["add_vhost", "early"])
            await broker.kill()
        }
        try await broker(in: directory) { broker in
            let hosts = try await broker.control(["list_vhosts"])
            #expect(!hosts.contains("early"))
            _ = try await broker.control(["add_vhost", "late"])
            try await broker.settle()
            await broker.kill()
        }
        try await broker(in: directory) { broker in
            let hosts = try await broker.control(["list_vhosts"])
            #expect(hosts.contains("late"))
        }
    }

    @Test func `a paused node answers nothing until it is resumed`() async throws {
        try await broker(in: directory) { broker in
            broker.pause()
            #expect(!probe(broker).succeeds())
            broker.resume()
            #expect(probe(broker).succeeds())
        }
    }

    @Test func `two nodes run side by side, and only on loopback`() async throws {
        async let first = LocalBroker.start(directory: directory + "/a")
        async let second = LocalBroker.start(directory: directory + "/b")
        let (a, b) = try await (first, second)
        #expect(a.url != b.url)
        #expect(probe(a).succeeds() && probe(b).succeeds())
        await #expect(throws: Fault.self) { _ = try await LocalBroker.start(directory: directory + "/a") }
        await a.stop()
        #expect(probe(b).succeeds())
        #expect(
            try listeningAddresses(ofSessionsOf: b).subtracting(["0100007F", "00000000000000000000000001000000"])
                .isEmpty
        )
        await b.stop()
    }

    @Test func `a node left by a crashed starter is ended by the next one`() async throws {
        var settings = try NodeSettings.load(directory: prepared(directory), port: nil)
        let installation = try BrokerInstallation.find()
        try installation.writeFiles(directory: directory, settings: settings)
        let node = try RunningNode(installation: installation, directory: directory, settings: settings)
        try await broker(in: directory) { broker in
            #expect(node.hasEnded)
            #expect(probe(broker).succeeds())
        }
        settings = try NodeSettings.load(directory: directory, port: nil)
        #expect(settings.name.hasSuffix("@localhost"))
    }

    @Test func `the guard kills the node when its starter is gone`() async throws {
        let settings = try NodeSettings.load(directory: prepared(directory), port: nil)
        let installation = try BrokerInstallation.find()
        try installation.writeFiles(directory: directory, settings: settings)
        var node: RunningNode? = try RunningNode(
            installation: installation,
            directory: directory,
            settings: settings
        )
        let mark = try #require(node?.mark)
        #expect(mark.isAlive)
        // Closes the pipe, as the kernel does for a dead process.
        node = nil
        #expect(node == nil)
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while mark.isAlive, ContinuousClock.now < deadline { await Task.yield() }
        #expect(!mark.isAlive)
        await RunningNode.endLeftover(in: directory)
    }

    @Test func `a taken port is refused in one line`() async throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let port = try LoopbackPort.choose()
        var address = LoopbackPort.loopback(port)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(bound == 0 && listen(socket, 1) == 0)
        let fault = await #expect(throws: Fault.self) {
            _ = try await LocalBroker.start(directory: directory, port: port)
        }
        #expect(fault?.message == "port \(port) for the message broker is taken by another program")
    }

    @Test func `a failed control command throws its last line`() async throws {
        try await broker(in: directory) { broker in
            let fault = await #expect(throws: Fault.self) { _ = try await broker.control(["no_such_command"]) }
            #expect(fault?.message.contains("no_such_command") == true)
        }
    }

    /// The local addresses, as hexadecimal digits, of the listening sockets on the node's three ports.
    private func listeningAddresses(ofSessionsOf broker: LocalBroker) throws -> Set<String> {
        let settings = try #require(TextFile.read(broker.directory + "/node.json"))
        let ports = ["port", "distributionPort", "namePort"].compactMap { name in
            settings.split(separator: "\n").first { $0.contains("\"\(name)\"") }.flatMap { Int($0.filter(\.isNumber)) }
        }
        let hex = Set(ports.map { String($0, radix: 16, uppercase: true) })
        #expect(hex.count == 3)
        var found: Set<String> = []
        for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in (TextFile.read(file) ?? "").split(separator: "\n") {
                let fields = line.split(separator: " ")
                guard fields.count > 3, fields[3] == "0A" else { continue }
                let local = fields[1].split(separator: ":")
                if local.count == 2, hex.contains(String(local[1])) { found.insert(String(local[0])) }
            }
        }
        #expect(!found.isEmpty)
        return found
    }

    private func prepared(_ directory: String) throws -> String {
        try TextFile.makeDirectory(directory)
        return directory
    }

    private func probe(_ broker: LocalBroker) -> LoginProbe {
        let part = broker.url.split(separator: ":")
        let credentials = part[2].split(separator: "@")
        let port = Int(part[3].prefix { $0 != "/" }) ?? 0
        return LoginProbe(port: port, user: NodeSettings.user, password: String(credentials[0]))
    }
}
