// swift-tools-version: 6.1
import PackageDescription

// Every executable is two targets: a library with all behaviour under `Services/<Name>` and an executable with none
// under `Services/<Name>/Main`. Shared modules depend only downwards; services never depend on each other.

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let serviceContext = Target.Dependency.product(name: "ServiceContextModule", package: "swift-service-context")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

/// A module under `Shared/` and its tests.
func shared(
    _ name: String,
    _ dependencies: [Target.Dependency],
    tests: [Target.Dependency] = [],
    testData: [String] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, path: "Shared/\(name)"),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.target(name: name), "TestSupport"] + tests,
            path: "Tests/Shared/\(name)Tests",
            exclude: testData
        ),
    ]
}

/// A service: a library with all behaviour, an executable with none, and their tests.
func service(
    _ name: String,
    folder: String? = nil,
    executable: String,
    _ dependencies: [Target.Dependency],
    tests: [Target.Dependency] = []
) -> [Target] {
    let path = "Services/\(folder ?? name)"
    return [
        .target(name: name, dependencies: dependencies, path: path, exclude: ["Main"]),
        .executableTarget(
            name: executable,
            dependencies: [.target(name: name), "ServiceKit"],
            path: "\(path)/Main"
        ),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.target(name: name), "TestSupport"] + tests,
            path: "Tests/Services/\(name)Tests"
        ),
    ]
}

let backbone: [Target.Dependency] = [
    "Kernel", "Contracts", "Storage", "Messaging", "Observability", "ServiceKit", logging, metrics, lifecycle,
]

let package = Package(
    name: "omoi",
    products: [
        .executable(name: "omoi-api-gateway", targets: ["omoi-api-gateway"]),
        .executable(name: "omoi-ticket-workflow", targets: ["omoi-ticket-workflow"]),
        .executable(name: "omoi-orchestrator", targets: ["omoi-orchestrator"]),
        .executable(name: "omoi-event-relay", targets: ["omoi-event-relay"]),
        .executable(name: "omoi-sandbox-worker", targets: ["omoi-sandbox-worker"]),
        .executable(name: "omoi", targets: ["omoi"]),
        .executable(name: "omoi-bench", targets: ["omoi-bench"]),
    ],
    dependencies: [
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git",
            from: "2.28.1",
            traits: []
        ),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(
            url: "https://github.com/apple/swift-configuration.git",
            from: "1.4.0",
            traits: ["CommandLineArguments"]
        ),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-service-context.git", from: "1.5.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CRabbitMQ",
            path: "Shared/CRabbitMQ",
            pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"])]
        ),
        .systemLibrary(
            name: "CCurl",
            path: "Shared/CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Kernel", "Contracts", "Messaging", "LocalBroker", "HTTPClient"],
            path: "Shared/TestSupport"
        ),
    ]
        + shared("Kernel", [])
        + shared("Contracts", ["Kernel"], testData: ["Golden"])
        + shared("Storage", ["Kernel", grdb, logging, metrics], tests: [grdb])
        + shared("Messaging", ["Kernel", "Contracts", "CRabbitMQ", logging, metrics, deque])
        + shared("HTTPClient", ["Kernel", "Contracts", "CCurl"], tests: [hummingbird])
        + shared("Observability", ["Kernel", logging, metrics, coreMetrics, serviceContext])
        + shared("LocalBroker", ["Kernel", logging])
        + shared(
            "ServiceKit",
            [
                "Kernel", "Contracts", "Storage", "Messaging", "Observability", hummingbird, configuration, logging,
                metrics, lifecycle, jwt, crypto,
            ]
        )
        + service("APIGateway", executable: "omoi-api-gateway", backbone + [hummingbird, grdb, jwt, crypto])
        + service(
            "TicketWorkflow",
            executable: "omoi-ticket-workflow",
            backbone + ["HTTPClient", grdb, jwt, crypto],
            tests: [hummingbird]
        )
        + service("Orchestrator", executable: "omoi-orchestrator", backbone + [grdb])
        + service("EventRelay", executable: "omoi-event-relay", backbone + [hummingbird, grdb])
        + service(
            "SandboxWorker",
            executable: "omoi-sandbox-worker",
            ["Kernel", "Contracts", "HTTPClient", "Observability", "ServiceKit", logging, subprocess, crypto],
            tests: ["omoi-sandbox-worker", hummingbird]
        )
        + service(
            "CommandLineTool",
            folder: "CommandLine",
            executable: "omoi",
            [
                "Kernel", "Contracts", "HTTPClient", "LocalBroker", "Messaging", "Observability", "ServiceKit", logging,
                lifecycle, arguments, subprocess,
            ],
            tests: [hummingbird]
        )
        + [
            .target(
                name: "BenchmarkBaselines",
                dependencies: ["CRabbitMQ"],
                path: "Tests/Benchmarks/Baselines",
                linkerSettings: [.linkedLibrary("sqlite3")]
            ),
            .executableTarget(
                name: "omoi-bench",
                dependencies: [
                    "BenchmarkBaselines", "Kernel", "Contracts", "Storage", "Messaging", "HTTPClient", "LocalBroker",
                    "TestSupport", grdb, arguments, hummingbird,
                ],
                path: "Tests/Benchmarks",
                exclude: ["Baselines"]
            ),
            .testTarget(
                name: "EndToEndTests",
                dependencies: ["Kernel", "Contracts", "HTTPClient", "Messaging", "LocalBroker", "TestSupport"],
                path: "Tests/EndToEnd"
            ),
            .testTarget(
                name: "FaultsTests",
                dependencies: ["Kernel", "Contracts", "HTTPClient", "Messaging", "LocalBroker", "TestSupport"],
                path: "Tests/Faults"
            ),
            .testTarget(name: "TidyTests", path: "Tests/Tidy"),
        ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system && target.name != "BenchmarkBaselines" {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .enableUpcomingFeature("InferIsolatedConformances"),
        ]
}
