import Contracts
import Glibc
import Kernel
import TestSupport
import Testing

@testable import CommandLineTool

/// `omoi doctor` on machines where something is missing.
@Suite(.timeLimit(.minutes(2)))
struct DoctorTests {
    /// Runs it in a fresh home with a PATH that has only these programs.
    private func doctor(_ programs: [String: String], _ arguments: [String] = []) async throws -> Invocation {
        try await withTemporaryDirectory { directory in
            mkdir("\(directory)/bin", 0o700)
            for (name, target) in programs { symlink(target, "\(directory)/bin/\(name)") }
            return await Invocation.run(
                ["doctor"] + arguments,
                environment: [
                    "PATH": "\(directory)/bin", "OMOI_HOME": "\(directory)/home",
                    "OMOI_HTTP_PORT": String(try FreePort.find()), "OMOI_RELAY_PORT": String(try FreePort.find()),
                ]
            )
        }
    }

    @Test func `a missing bwrap is a failure with its fix`() async throws {
        let run = try await doctor(["git": "/usr/bin/git"])
        #expect(run.status == .failure)
        #expect(run.output.contains("fail  bwrap: is not installed; fix: apt-get install bubblewrap"))
        #expect(run.output.contains { $0.hasPrefix("ok    git: git version") })
        // Nothing runs here, and that is no failure of the machine.
        #expect(run.output.contains { $0.hasPrefix("warn  broker:") && $0.hasSuffix("fix: omoi up") })
        #expect(run.output.contains { $0.hasPrefix("warn  gateway:") })
    }

    @Test func `a bwrap that cannot work is a failure with its fix`() async throws {
        let run = try await doctor(["bwrap": "/bin/false", "git": "/usr/bin/git"])
        #expect(run.status == .failure)
        #expect(run.output.contains { $0.hasPrefix("fail  bwrap: cannot make a sandbox") && $0.contains("sysctl") })
    }

    @Test func `a missing git is a failure, programs get the same findings`() async throws {
        let run = try await doctor([:], ["--json"])
        #expect(run.status == .failure)
        let value = try ContractCoder.decode(JSONValue.self, from: Array(run.text.utf8))
        guard case .array(let findings) = value["findings"] else { throw Fault(.internalError, "no findings") }
        let git = findings.first { $0["name"] == .string("git") }
        #expect(git?["level"] == .string("fail"))
        #expect(git?["fix"] == .string("apt-get install git"))
    }

    @Test(arguments: [
        ("Swift version 6.3.1 (swift-6.3.1-RELEASE)", 6, 3), ("Apple Swift version 5.10 (x)", 5, 10),
        ("swift-driver version: 1.0 Swift version 6.1-dev", 6, 1),
    ])
    func `the version is found`(text: String, major: Int, minor: Int) throws {
        let version = try #require(MachineChecks.version(in: text))
        #expect(version == (major, minor))
    }

    @Test func `a metric is read from the text of all`() {
        let body = Array("# TYPE a gauge\na_b 7\na{x=\"1\"} 2.5\na{x=\"2\"} 3\n".utf8)
        #expect(SystemChecks.metric("a", in: body) == 3)
        #expect(SystemChecks.metric("b", in: body) == nil)
    }

    @Test func `addresses are shown without their password`() {
        let url = "amqp://omoi:secret@127.0.0.1:5673/"
        #expect(BrokerProbe.address(of: url) == "amqp://omoi@127.0.0.1:5673/")
        #expect(BrokerProbe.port(of: url) == 5673)
        #expect(BrokerProbe.address(of: "amqp://host/") == "amqp://host/")
    }
}
