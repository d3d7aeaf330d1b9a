import Contracts
import HTTPClient
import Kernel
import TestSupport
import Testing

/// The main job as a user runs it: a ticket travels from backlog to done, agents edit, checks run, commits remain.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct MainJobTests {
    private static let agent = """
        #!/bin/sh
        set -e
        case "$OMOI_TASK_TITLE" in
        base) echo 'greet() { echo hello "$1"; }' > greet.sh ;;
        upper) echo 'upper() { greet "$1" | tr a-z A-Z; }' > upper.sh ;;
        twice) echo 'twice() { greet "$1"; greet "$1"; }' > twice.sh ;;
        test) printf '. ./greet.sh\\n. ./upper.sh\\n. ./twice.sh\\ntest "$(upper you)" = "HELLO YOU"\\n' > test.sh ;;
        esac
        """

    /// The transitions of a ticket whose work is implementation and testing.
    private static let journey: [TicketStatus] = [
        .backlog, .analyzing, .building, .buildingDone, .testing, .done,
    ]

    private func project(in system: OmoiSystem, repository: String) async throws -> Project {
        var settings = ProjectSettings()
        settings.agent = AgentSettings(command: ["/bin/sh", "agent.sh"])
        settings.checks = [CheckSettings(name: "test", command: ["/bin/sh", "-e", "test.sh"], phases: [.testing])]
        return try await system.gateway.post(
            "/api/v1/projects",
            body: ProjectCreate(name: "Greeter", repository: repository, settings: settings)
        )
    }

    private func diamond(_ project: Project) -> TicketCreate {
        TicketCreate(
            projectID: project.id,
            title: "Greet people",
            tasks: [
                TaskSpecification(ref: "base", title: "base", phase: .implementation),
                TaskSpecification(ref: "upper", title: "upper", phase: .implementation, dependsOn: ["base"]),
                TaskSpecification(ref: "twice", title: "twice", phase: .implementation, dependsOn: ["base"]),
                TaskSpecification(ref: "test", title: "test", phase: .testing, dependsOn: ["upper", "twice"]),
            ]
        )
    }

    @Test(arguments: ["bubblewrap", "process"])
    func `a ticket travels from backlog to done`(_ provider: String) async throws {
        var options = OmoiSystem.Options()
        options.provider = provider
        try await OmoiSystem.run(options) { system in
            try await EventLedger.listen(to: system.broker.url, patterns: ["task.*", "ticket.*"]) { ledger in
                let repository = try await GitRepository(
                    at: "\(system.home)/repository",
                    files: ["agent.sh": Self.agent, "test.sh": "exit 1\n"]
                )
                let project = try await project(in: system, repository: repository.path)
                let ticket: Ticket = try await system.gateway.post("/api/v1/tickets", body: diamond(project))
                try await eventually("the ticket is done", within: .seconds(90)) {
                    let now: Ticket = try await system.gateway.get("/api/v1/tickets/\(ticket.key)")
                    return now.status == .done
                }
                try await expectJourney(of: ticket.id, in: ledger)
                try await expectWork(of: ticket.id, in: system, repository)
            }
        }
    }

    private func expectJourney(of ticket: Identifier, in ledger: EventLedger) async throws {
        let transitions = try await eventually("the transitions arrived", within: .seconds(10)) {
            let seen = ledger.events(of: .ticketTransitioned).filter { $0.subject == ticket }
                .compactMap(\.data.transition)
            return seen.last?.toStatus == .done ? seen : nil
        }
        var path = transitions.map(\.fromStatus)
        path.append(.done)
        #expect(path == Self.journey)
        #expect(Set(ledger.events(of: .taskCompleted).map(\.subject)).count == 4)
    }

    private func expectWork(of ticket: Identifier, in system: OmoiSystem, _ repository: GitRepository) async throws {
        let tasks: [WorkTask] = try await system.gateway.get("/api/v1/tasks?ticket_id=\(ticket)")
        let last = try #require(tasks.first { $0.title == "test" })
        let branch = try #require(last.branch)
        let log = try await repository.git("log", "--format=%s%n%b", branch)
        for task in tasks {
            #expect(task.status == .completed)
            #expect(log.contains(task.id.description), "a commit names task \(task.title)")
        }
        let files = try await repository.git("ls-tree", "--name-only", branch)
        for name in ["greet.sh", "upper.sh", "twice.sh"] { #expect(files.contains(name)) }
        let head = try await repository.git("rev-parse", branch)
        #expect(head.hasPrefix(last.commit ?? "none"))
    }

    @Test func `an unreachable repository fails the task with its own clear error`() async throws {
        try await OmoiSystem.run { system in
            let project = try await project(in: system, repository: "\(system.home)/nowhere")
            let ticket: Ticket = try await system.gateway.post(
                "/api/v1/tickets",
                body: TicketCreate(
                    projectID: project.id,
                    title: "Impossible",
                    tasks: [TaskSpecification(title: "base")]
                )
            )
            let attempt: Attempt = try await eventually("the attempt failed", within: .seconds(60)) {
                let tasks: [WorkTask] = try await system.gateway.get("/api/v1/tasks?ticket_id=\(ticket.id)")
                let task = try #require(tasks.first)
                let attempts: [Attempt] = try await system.gateway.get("/api/v1/tasks/\(task.id)/attempts")
                return attempts.first { $0.status == .failed }
            }
            #expect(attempt.faultDomain == .task)
            #expect(attempt.error?.contains("repository-unreachable") == true)
        }
    }
}
