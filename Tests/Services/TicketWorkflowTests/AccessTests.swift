import Contracts
import FoundationEssentials
import Glibc
import Kernel
import ServiceKit
import Storage
import TestSupport
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct AccessTests {
    @Test func `the first start writes one admin token for its owner's eyes only`() async throws {
        try await withWorkflow { workflow in
            let file = workflow.environment.configuration.adminTokenFile
            func handOut() async throws -> Bool {
                try await FirstStart.handOutAdminToken(
                    workflow.store,
                    workflow.environment.tokens,
                    file: file,
                    source: Workflow.source,
                    now: workflow.time.now()
                )
            }
            #expect(try await handOut())
            var info = stat()
            #expect(stat(file, &info) == 0)
            #expect(info.st_mode & 0o777 == 0o600)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let key = try await workflow.ask(DescribeKey())
            let token = text.prefix { $0 != "\n" }
            let verified = try TokenVerifier(key: key).verify(String(token), now: workflow.time.now())
            #expect(verified.actor == TestWorkflow.admin)
            let before = try await workflow.contents()
            #expect(try await handOut() == false)
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
            #expect(try await workflow.contents() == before)
            #expect(try await workflow.events().map(\.type) == [.tokenIssued])
        }
    }

    @Test func `a file that cannot be written is named, and nothing is stored`() async throws {
        try await withWorkflow { workflow in
            let before = try await workflow.contents()
            let fault = await #expect(throws: Fault.self) {
                try await FirstStart.handOutAdminToken(
                    workflow.store,
                    workflow.environment.tokens,
                    file: "/nonexistent/admin.token",
                    source: Workflow.source,
                    now: workflow.time.now()
                )
            }
            #expect(fault?.code == .unavailable)
            #expect(fault?.message.contains("/nonexistent/admin.token") ?? false)
            #expect(try await workflow.contents() == before)
        }
    }

    @Test func `the signing key stays the same over restarts`() async throws {
        try await withWorkflow { workflow in
            let again = try await FirstStart.signer(workflow.store, now: workflow.time.now())
            #expect(again.verificationKey == workflow.environment.tokens.verificationKey)
        }
    }

    @Test func `tokens are issued and revoked`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let issued = try await workflow.run(
                IssueToken(body: TokenCreate(subject: "ann", scope: .member, projectID: project.id, expiresIn: 60))
            )
            let verifier = try TokenVerifier(key: try await workflow.ask(DescribeKey()))
            let verified = try verifier.verify(issued.token, now: workflow.time.now())
            #expect(verified.actor == Actor(subject: "ann", scope: .member, projectID: project.id))
            #expect(throws: Fault.self) {
                try verifier.verify(issued.token, now: workflow.time.now() + .seconds(61))
            }
            let revoked = try await workflow.run(RevokeToken(id: issued.details.id))
            #expect(revoked.revoked)
            #expect(try await workflow.run(RevokeToken(id: issued.details.id)) == revoked)
            #expect(try await workflow.eventTypes(of: issued.details.id) == [.tokenIssued, .tokenRevoked])
        }
    }

    @Test(arguments: [
        (TokenCreate(subject: "x", scope: .sandbox), Fault.Code.invalid),
        (TokenCreate(subject: "x", scope: .plan), .invalid),
        (TokenCreate(subject: " ", scope: .member), .invalid),
        (TokenCreate(subject: "service:gateway", scope: .member), .invalid),
        (TokenCreate(subject: "x", scope: .member, projectID: .make()), .notFound),
    ])
    func `tokens that are not issued`(body: TokenCreate, code: Fault.Code) async throws {
        try await withWorkflow { workflow in
            try await workflow.expectRefusal(IssueToken(body: body), code)
            try await workflow.expectRefusal(IssueToken(body: body), .forbidden, as: TestWorkflow.member)
        }
    }

    @Test func `a project's admin stays in the project`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let bound = Actor(subject: "lead", scope: .admin, projectID: project.id)
            try await workflow.expectRefusal(
                IssueToken(body: TokenCreate(subject: "x", scope: .admin)),
                .forbidden,
                as: bound
            )
            let own = IssueToken(body: TokenCreate(subject: "x", scope: .viewer, projectID: project.id))
            #expect(try await workflow.run(own, as: bound).details.projectID == project.id)
            try await workflow.expectRefusal(CreateProject(body: ProjectCreate(name: "p")), .forbidden, as: bound)
        }
    }

    @Test func `secrets are in the secret table and nowhere else`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            _ = try await workflow.single(project)
            let issued = try await workflow.run(IssueToken(body: TokenCreate(subject: "ann", scope: .member)))
            let claim = try await workflow.claim()
            let stored = try await workflow.contents()
            let events = try await workflow.events().map {
                String(decoding: try ContractCoder.encode($0), as: UTF8.self)
            }
            for secret in [issued.token, claim.token] {
                #expect(!stored.contains(secret))
                #expect(!events.contains { $0.contains(secret) })
            }
        }
    }

    @Test func `a snapshot pages through everything in an order that can be applied`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            var tickets = 0
            for _ in 0..<3 {
                tickets += try await workflow.tickets(
                    project,
                    (0..<100).map { TicketCreate(title: "\($0)", tasks: [TaskSpecification(title: "x")]) }
                ).tickets.count
            }
            try await workflow.submit(try await workflow.claim())
            _ = try await workflow.run(IssueToken(body: TokenCreate(subject: "ann", scope: .member)))
            var kinds: [String] = []
            var seen: Set<Identifier> = []
            var (transitions, attempts) = (0, 0)
            var cursor: String?
            repeat {
                let page = try await workflow.ask(Snapshot(cursor: cursor))
                for entity in page.entities {
                    let kind =
                        entity.project != nil
                        ? "project" : entity.ticket != nil ? "ticket" : entity.task != nil ? "task" : "other"
                    if kinds.last != kind { kinds.append(kind) }
                    #expect(seen.insert(entity.reference.id).inserted)
                }
                transitions += page.transitions.count
                attempts += page.attempts.count
                #expect(page.entities.count <= 200)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(kinds == ["project", "ticket", "task", "other"])
            #expect(seen.count == 1 + tickets * 2 + 2)
            // Ten tickets fit into building; one went on and let another in.
            #expect(transitions == 11 * 2 + 3)
            #expect(attempts == 1)
            await #expect(throws: Fault.self) { try await workflow.ask(Snapshot(cursor: "nonsense")) }
        }
    }

    @Test func `large results end a page early`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            for index in 0..<3 {
                _ = try await workflow.single(project, title: "\(index)")
                var body = ResultSubmission.completed
                body.notes = String(repeating: "n", count: 400_000)
                try await workflow.submit(try await workflow.claim(), body)
            }
            var pages: [Int] = []
            var cursor: String? = "result:"
            while let position = cursor, position.hasPrefix("result") {
                let page = try await workflow.ask(Snapshot(cursor: position))
                pages.append(page.entities.count)
                #expect(try ContractCoder.encode(page).count < Limits.messageBytes)
                cursor = page.nextCursor
            }
            #expect(pages == [2, 1, 0])
        }
    }
}
