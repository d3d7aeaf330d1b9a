import Contracts
import HTTPClient
import Kernel

/// What can be seen of a system that runs, or should.
package struct SystemChecks: Sendable {
    let instance: Instance
    private let client = WebClient()
    /// Something that does not answer is only wrong when `omoi up` runs.
    private let isUp: Bool

    package init(_ instance: Instance) {
        self.instance = instance
        isUp = HomeLock.isHeld(instance.home)
    }

    /// All of them, in the order they are shown.
    package func run() async throws -> [Finding] {
        var findings = [await broker()]
        for (service, name) in zip(Instance.services, ["workflow", "orchestrator", "relay", "gateway"]) {
            findings.append(try await readiness(service, name))
        }
        findings.append(try await deadLetters())
        for service in ["omoi-ticket-workflow", "omoi-orchestrator"] {
            if let finding = try await outbox(service) { findings.append(finding) }
        }
        return findings
    }

    private func broker() async -> Finding {
        let file = instance.home.brokerAddressFile
        guard let url = instance.surroundings.variable("OMOI_AMQP_URL") ?? Home.text(of: file) else {
            return .warn("broker", "has not been started in \(instance.home.path) yet", fix: "omoi up")
        }
        let address = "\(BrokerProbe.address(of: url)) (with password: \(file))"
        do {
            try await BrokerProbe.connect(url)
            return .ok("broker", "reachable at \(address)")
        } catch {
            return missing("broker", "no answer from \(address)", fix: isUp ? "see the output of `omoi up`" : "omoi up")
        }
    }

    private func readiness(_ service: String, _ name: String) async throws -> Finding {
        guard let port = port(of: service) else { return missing(name, "is not running", fix: "omoi up") }
        let log = "see \(instance.home.logFile(service))"
        guard let report = try await health(port) else {
            return missing(name, "does not answer on port \(port)", fix: isUp ? log : "omoi up")
        }
        let down = report.checks.filter { !$0.up }.map { "\($0.name): \($0.reason ?? "down")" }
        if report.ready { return .ok(name, "ready on port \(port)") }
        return .fail(name, "is not ready (\(down.joined(separator: ", ")))", fix: log)
    }

    private struct Report: Decodable {
        struct Check: Decodable {
            var name: String
            var up: Bool
            var reason: String?
        }
        var ready: Bool
        var checks: [Check]
    }

    private func health(_ port: Int) async throws -> Report? {
        do {
            let url = "http://\(instance.surroundings.localAddress):\(port)/readyz"
            let response = try await client.send(HTTPRequest(url: url, timeout: .seconds(5)))
            return try? ContractCoder.decode(Report.self, from: response.body)
        } catch is HTTPClientError {
            return nil
        }
    }

    private func port(of service: String) -> Int? {
        switch service {
        case "omoi-api-gateway": instance.httpPort
        case "omoi-event-relay": instance.relayPort
        default: ProcessRecord.read(service, in: instance.home).flatMap { $0.isRunning ? $0.healthPort : nil }
        }
    }

    private func deadLetters() async throws -> Finding {
        do {
            let token = try Connection.token(file: nil)
            let page: DeadLetterPage = try await APIClient(
                client: client,
                baseURL: instance.gatewayURL,
                token: token,
                timeout: .seconds(15)
            ).get("/api/v1/dead-letters")
            guard page.total > 0 else { return .ok("dead letters", "none") }
            return .warn("dead letters", "\(page.total)", fix: "omoi dead-letters list")
        } catch let fault as Fault {
            return missing("dead letters", "cannot be counted: \(fault.message)", fix: "omoi up")
        }
    }

    /// The age of the oldest event that the broker has not confirmed yet; nil when the service cannot be asked.
    private func outbox(_ service: String) async throws -> Finding? {
        guard let port = port(of: service) else { return nil }
        let url = "http://\(instance.surroundings.localAddress):\(port)/metrics"
        guard let response = try? await client.send(HTTPRequest(url: url, timeout: .seconds(5))),
            let age = Self.metric("omoi_outbox_oldest_unconfirmed_age_seconds", in: response.body)
        else { return nil }
        let name = "outbox of \(service)"
        let text = "oldest unconfirmed event is \(Int(age)) s old"
        return age < 10
            ? .ok(name, text)
            : .warn(name, text, fix: "check the broker: events wait in the service until it takes them")
    }

    /// The largest value of a metric in Prometheus text format; nil when it is not there.
    static func metric(_ name: String, in body: [UInt8]) -> Double? {
        String(decoding: body, as: UTF8.self).split(separator: "\n")
            .filter { line in line.hasPrefix(name) && [" ", "{"].contains(line.dropFirst(name.count).first) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .max()
    }

    private func missing(_ name: String, _ detail: String, fix: String) -> Finding {
        isUp ? .fail(name, detail, fix: fix) : .warn(name, detail, fix: fix)
    }
}
