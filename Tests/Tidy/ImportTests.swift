import Testing

@Suite struct `Imports` {
    /// What each shared module may import of ours.
    private static let shared: [String: Set<String>] = [
        "Kernel": [],
        "Contracts": ["Kernel"],
        "Storage": ["Kernel"],
        "Observability": ["Kernel"],
        "LocalBroker": ["Kernel"],
        "Messaging": ["Kernel", "Contracts", "CRabbitMQ"],
        "HTTPClient": ["Kernel", "Contracts", "CCurl"],
        "ServiceKit": ["Kernel", "Contracts", "Storage", "Messaging", "HTTPClient", "Observability"],
        "TestSupport": [
            "Kernel", "Contracts", "Storage", "Messaging", "HTTPClient", "Observability", "ServiceKit", "LocalBroker",
        ],
        "CRabbitMQ": [],
        "CCurl": [],
    ]

    /// Module of a service by its folder.
    private static let services = [
        "APIGateway": "APIGateway", "TicketWorkflow": "TicketWorkflow", "Orchestrator": "Orchestrator",
        "EventRelay": "EventRelay", "SandboxWorker": "SandboxWorker", "CommandLine": "CommandLineTool",
    ]

    private static let ours = Set(shared.keys).union(services.values).union(["BenchmarkBaselines"])

    /// Our modules a file may import; nil: the file is in no known place.
    private static func allowed(_ file: SourceFile) -> Set<String>? {
        let parts = file.parts
        let libraries = Set(shared.keys).subtracting(["CRabbitMQ", "CCurl"])
        switch (parts[0], parts[1]) {
        case ("Shared", let module):
            return shared[module]
        case ("Services", let folder):
            guard let module = services[folder] else { return nil }
            if parts.contains("Domain") { return ["Kernel", "Contracts"] }
            let own: Set<String> = parts[2] == "Main" ? [module] : []
            return libraries.subtracting(["TestSupport"]).union(own)
        case ("Tests", "Shared"), ("Tests", "Services"):
            return libraries.union([String(parts[2].dropLast("Tests".count))])
        case ("Tests", "Benchmarks"):
            return libraries.union(["CRabbitMQ", "BenchmarkBaselines"])
        case ("Tests", "Fixtures"):
            return []
        case ("Tests", _):
            return libraries
        default:
            return []
        }
    }

    @Test func `point down only, and never from service to service`() {
        var violations: [Violation] = []
        for file in Repository.swift where file.parts.count > 2 {
            guard let allowed = Self.allowed(file) else {
                violations.append(Violation(path: file.path, line: 0, what: "is in a folder without import rules"))
                continue
            }
            for (module, line) in file.imports where Self.ours.contains(module) && !allowed.contains(module) {
                violations.append(Violation(path: file.path, line: line, what: "must not import \(module)"))
            }
        }
        report(violations)
    }

    @Test func `the domain of a service knows nothing but kernel and contracts`() {
        let domain = Repository.swift.filter { $0.area == "Services" && $0.parts.contains("Domain") }
        var violations = domain.flatMap { file in
            file.imports.filter { !["Kernel", "Contracts"].contains($0.module) }.map {
                Violation(path: file.path, line: $0.line, what: "the domain must not import \($0.module)")
            }
        }
        violations += places(
            in: domain,
            where: { $0.contains(/\b(async|await)\b|\.now\(\)|\.make\(bucket|\.random\(|SystemTime/) },
            "the domain is synchronous and pure: clock, chance and input come in as arguments"
        )
        report(violations)
    }

    @Test func `each C library has one importer`() {
        let homes = ["CRabbitMQ": "Shared/Messaging/", "CCurl": "Shared/HTTPClient/"]
        report(
            Repository.swift.flatMap { file in
                file.imports.compactMap { module, line in
                    guard let home = homes[module], !file.path.hasPrefix(home),
                        !(module == "CRabbitMQ" && file.path.hasPrefix("Tests/Benchmarks/"))
                    else { return nil }
                    return Violation(path: file.path, line: line, what: "\(module) is imported in \(home) only")
                }
            }
        )
    }

    @Test func `tests are written with swift-testing`() {
        report(
            Repository.swift.flatMap { file in
                file.imports.filter { $0.module == "XCTest" }.map {
                    Violation(path: file.path, line: $0.line, what: "use swift-testing")
                }
            }
        )
    }
}
