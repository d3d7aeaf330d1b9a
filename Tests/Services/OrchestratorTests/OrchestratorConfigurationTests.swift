import Glibc
import Kernel
import Logging
import ServiceKit
import TestSupport
import Testing

@testable import Orchestrator

@Suite struct OrchestratorConfigurationTests {
    private func configuration(_ environment: [String: String]) throws -> OrchestratorConfiguration {
        let settings = try Settings(
            keys: OrchestratorConfiguration.keys,
            arguments: ["omoi-orchestrator"],
            environment: environment
        )
        return try OrchestratorConfiguration(settings, home: "/srv/omoi/", environment: environment)
    }

    @Test func `without settings there are four isolated slots of the orchestrator 'local'`() throws {
        let configuration = try configuration([:])
        #expect(configuration.instance == "local")
        #expect(configuration.provider == "bubblewrap")
        #expect(configuration.slots == 4)
        #expect(configuration.home == "/srv/omoi")
        #expect(configuration.gatewayURL == "http://127.0.0.1:8080")
        #expect(configuration.heartbeat == .seconds(5))
        #expect(configuration.worker.hasPrefix("/") && configuration.worker.hasSuffix("/omoi-sandbox-worker"))
    }

    @Test func `settings are taken over`() throws {
        let configuration = try configuration([
            "OMOI_INSTANCE": "east-1", "OMOI_SANDBOX_PROVIDER": "process", "OMOI_SANDBOX_SLOTS": "9",
            "OMOI_HTTP_PORT": "9090", "OMOI_SANDBOX_ON_STOP": "end", "OMOI_SANDBOX_READ_ONLY": "/opt/a,/opt/b",
            "OMOI_WORKER": "/bin/worker",
        ])
        #expect(configuration.instance == "east-1")
        #expect(configuration.slots == 9)
        #expect(configuration.endsSandboxes)
        #expect(configuration.gatewayURL == "http://127.0.0.1:9090")
        #expect(configuration.readOnly == ["/opt/a", "/opt/b"])
        #expect(configuration.worker == "/bin/worker")
        let provider = try configuration.makeProvider(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(provider.name == "process")
    }

    @Test func `a home behind a link is the real one`() async throws {
        try await withTemporaryDirectory { folder in
            try LocalFile.createDirectory("\(folder)/real")
            #expect(symlink("\(folder)/real", "\(folder)/link") == 0)
            let settings = try Settings(
                keys: OrchestratorConfiguration.keys,
                arguments: ["omoi-orchestrator"],
                environment: [:]
            )
            let configuration = try OrchestratorConfiguration(settings, home: "\(folder)/link", environment: [:])
            #expect(configuration.home == LocalFile.resolved("\(folder)/real"))
        }
    }

    @Test func `the gateway's address wins over its port`() throws {
        let configuration = try configuration(["OMOI_HTTP_PORT": "1", "OMOI_GATEWAY_URL": "https://example.org:8443/"])
        #expect(configuration.gatewayURL == "https://example.org:8443")
    }

    @Test(arguments: [
        ["OMOI_INSTANCE": "a.b"], ["OMOI_INSTANCE": "a#"], ["OMOI_SANDBOX_PROVIDER": "docker"],
        ["OMOI_SANDBOX_SLOTS": "0"], ["OMOI_GATEWAY_URL": "ftp://x"], ["OMOI_HEARTBEAT_SECONDS": "soon"],
    ]) func `a wrong value is refused by name`(environment: [String: String]) throws {
        let error = try #require(throws: ConfigurationError.self) { try configuration(environment) }
        let name = try #require(environment.keys.first)
        #expect(error.description.contains(name))
    }

    @Test func `a missing bwrap is refused with the line that installs it`() async throws {
        try await withTemporaryDirectory { empty in
            let path = ["PATH": empty]
            let fault = try #require(throws: Fault.self) {
                try BubblewrapProvider(
                    worker: "/bin/true",
                    home: empty,
                    readOnly: [],
                    environment: path,
                    searchPath: [empty],
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                )
            }
            #expect(fault.message.contains("apt-get install bubblewrap"))
            #expect(!fault.message.contains("\n"))
        }
    }
}
