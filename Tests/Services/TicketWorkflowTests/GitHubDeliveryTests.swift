import Contracts
import Crypto
import FoundationEssentials
import GRDB
import Kernel
import Testing

@testable import TicketWorkflow

/// Deliveries of GitHub's webhook.
@Suite(.timeLimit(.minutes(1)))
struct GitHubDeliveryTests {
    private static let secret = "a webhook secret"
    private static let gateway = Actor.service("api-gateway")

    private static func with(_ body: (TestWorkflow, Project, Ticket) async throws -> Void) async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let connect = GitHubConnect(owner: "octo", repo: "shop", webhookSecret: secret)
            try await workflow.run(ConnectGitHub(projectID: project.id, body: connect))
            try await body(workflow, project, try await workflow.single(project).0)
        }
    }

    private static func delivery(
        _ event: String,
        _ body: JSONValue,
        id: String = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        secret: String = secret
    ) throws -> ReceiveGitHubDelivery {
        let bytes = try ContractCoder.encode(body)
        let code = HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: Array(secret.utf8)))
        let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return ReceiveGitHubDelivery(event: event, delivery: id, signature: "sha256=\(hex)", body: bytes)
    }

    private static let repository: JSONValue = ["id": 42, "full_name": "Octo/Shop", "owner": ["login": "octo"]]

    private static func push(_ messages: [String], ref: String = "refs/heads/main") -> JSONValue {
        let commits = messages.enumerated().map { number, message -> JSONValue in
            [
                "id": .string(String(repeating: "\(number)", count: 40)), "message": .string(message),
                "url": .string("https://github.example/c/\(number)"),
                "timestamp": .string("2026-01-02T03:04:0\(number)+01:00"),
                "author": ["name": "Mona", "username": "mona"],
            ]
        }
        return ["ref": .string(ref), "commits": .array(commits), "repository": repository]
    }

    private static func pull(
        _ action: String,
        title: String,
        body: JSONValue = .null,
        branch: String = "feature",
        merged: Bool = false,
        minute: Int = 0
    ) -> JSONValue {
        [
            "action": .string(action), "number": 7, "repository": repository,
            "pull_request": [
                "number": 7, "title": .string(title), "body": body,
                "html_url": "https://github.example/octo/shop/pull/7",
                "state": .string(action == "closed" ? "closed" : "open"), "merged": .bool(merged),
                "head": ["ref": .string(branch)], "user": ["login": "mona"],
                "updated_at": .string("2026-01-02T03:0\(minute):00Z"),
            ],
        ]
    }

    @Test func `the example of GitHub's documentation is verified`() async throws {
        // https://docs.github.com/webhooks: secret and payload with their signature.
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("Hello, World!".utf8),
            using: SymmetricKey(data: Array("It's a Secret to Everybody".utf8))
        )
        let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(hex == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
    }

    @Test func `defect 35: a delivery counts only with the signature of its connection's secret`() async throws {
        try await Self.with { workflow, _, ticket in
            let good = try Self.delivery("push", Self.push(["Fix \(ticket.key)"]))
            var wrong: [ReceiveGitHubDelivery] = []
            for signature in [
                "", "sha256=", "sha1=\(good.signature.dropFirst(7))", String(good.signature.dropLast()),
                "sha256=" + String(repeating: "0", count: 64), "sha256=" + String(repeating: "x", count: 64),
                good.signature + "00",
            ] {
                var delivery = good
                delivery.signature = signature
                wrong.append(delivery)
            }
            var altered = good
            altered.body = Data(Array(good.body) + [0x20])
            wrong.append(altered)
            wrong.append(try Self.delivery("push", Self.push(["\(ticket.key)"]), secret: "another secret"))
            wrong.append(try Self.delivery("push", ["repository": ["full_name": "octo/other"]]))
            wrong.append(try Self.delivery("push", ["repository": ["full_name": "octo"]]))
            wrong.append(try Self.delivery("push", []))
            for delivery in wrong { try await workflow.expectRefusal(delivery, .unauthenticated, as: Self.gateway) }
            #expect(try await workflow.ticket(ticket.id).links == nil)
            #expect(try await workflow.run(good, as: Self.gateway).tickets == [ticket.id])
        }
    }

    @Test func `without a webhook secret every delivery is refused`() async throws {
        try await Self.with { workflow, project, ticket in
            let connect = GitHubConnect(owner: "octo", repo: "shop")
            try await workflow.run(ConnectGitHub(projectID: project.id, body: connect))
            for secret in [Self.secret, ""] {
                try await workflow.expectRefusal(
                    try Self.delivery("push", Self.push(["\(ticket.key)"]), secret: secret),
                    .unauthenticated,
                    as: Self.gateway
                )
            }
        }
    }

    @Test func `only the gateway passes deliveries on`() async throws {
        try await Self.with { workflow, _, ticket in
            let delivery = try Self.delivery("push", Self.push(["\(ticket.key)"]))
            try await workflow.expectRefusal(delivery, .forbidden, as: TestWorkflow.member)
        }
    }

    @Test func `commits that name a ticket are linked, newest first`() async throws {
        try await Self.with { workflow, _, ticket in
            let messages = ["Start \(ticket.key)\n\nbody", "Nothing", "ticket-\(ticket.id): done", "X\(ticket.key)0"]
            let receipt = try await workflow.run(
                try Self.delivery("push", Self.push(messages)),
                as: Self.gateway
            )
            #expect(receipt.status == .processed && receipt.tickets == [ticket.id])
            let changed = try await workflow.ticket(ticket.id)
            let links = try #require(changed.links)
            #expect(links.map(\.title) == ["ticket-\(ticket.id): done", "Start \(ticket.key)"])
            #expect(links[0].kind == .commit && links[0].author == "mona" && links[0].state == nil)
            #expect(links[0].repository == "Octo/Shop")
            #expect(changed.version == ticket.version + 1)
            #expect(try await workflow.eventTypes(of: ticket.id).last == .ticketUpdated)
        }
    }

    @Test func `a branch named after a ticket links its commits`() async throws {
        try await Self.with { workflow, _, ticket in
            let push = Self.push(["wip"], ref: "refs/heads/omoi/\(ticket.key.lowercased())/1")
            _ = try await workflow.run(try Self.delivery("push", push), as: Self.gateway)
            #expect(try await workflow.ticket(ticket.id).links?.count == 1)
        }
    }

    @Test func `a repeated delivery changes nothing`() async throws {
        try await Self.with { workflow, _, ticket in
            let delivery = try Self.delivery("push", Self.push(["\(ticket.key)"]))
            _ = try await workflow.run(delivery, as: Self.gateway)
            let before = try await workflow.contents()
            let again = try await workflow.run(delivery, as: Self.gateway)
            #expect(again.status == .duplicate && again.tickets.isEmpty)
            #expect(try await workflow.contents() == before)
            // The same content under another id is another delivery, but says nothing new.
            let other = try Self.delivery("push", Self.push(["\(ticket.key)"]), id: "other")
            #expect(try await workflow.run(other, as: Self.gateway).status == .ignored)
            #expect(try await workflow.ticket(ticket.id).links?.count == 1)
        }
    }

    @Test func `a pull request is linked once and follows its state`() async throws {
        try await Self.with { workflow, _, ticket in
            var number = 0
            func deliver(_ body: JSONValue) async throws -> [TicketLink] {
                number += 1
                _ = try await workflow.run(
                    try Self.delivery("pull_request", body, id: "d\(number)"),
                    as: Self.gateway
                )
                return try await workflow.ticket(ticket.id).links ?? []
            }
            let opened = try await deliver(Self.pull("opened", title: "[\(ticket.key)] Shop"))
            #expect(opened.map(\.state) == [.open])
            #expect(opened[0].reference == "7" && opened[0].kind == .pullRequest)
            let closed = try await deliver(
                Self.pull("closed", title: "Shop", body: .string("closes \(ticket.key)"), minute: 1)
            )
            #expect(closed.map(\.state) == [.closed])
            let merged = try await deliver(
                Self.pull("closed", title: "Shop", branch: "ticket-\(ticket.id)", merged: true, minute: 2)
            )
            #expect(merged.map(\.state) == [.merged])
            #expect(try await workflow.ticket(ticket.id).status == ticket.status, "a merge is no evidence")
        }
    }

    @Test func `other events are taken and ignored`() async throws {
        try await Self.with { workflow, _, _ in
            for (number, event) in ["ping", "issues", "star"].enumerated() {
                let delivery = try Self.delivery(event, ["zen": "x", "repository": Self.repository], id: "\(number)")
                #expect(try await workflow.run(delivery, as: Self.gateway).status == .ignored)
            }
        }
    }

    @Test func `what is signed but is no push is refused and changes nothing`() async throws {
        try await Self.with { workflow, _, _ in
            let delivery = try Self.delivery("push", ["repository": Self.repository, "commits": "none"])
            try await workflow.expectRefusal(delivery, .malformed, as: Self.gateway)
        }
    }

    @Test func `tickets of other projects are never linked`() async throws {
        try await Self.with { workflow, _, _ in
            let other = try await workflow.project()
            let foreign = try await workflow.single(other).0
            let push = Self.push(["\(foreign.key) and ticket-\(foreign.id)"])
            #expect(try await workflow.run(try Self.delivery("push", push), as: Self.gateway).status == .ignored)
            #expect(try await workflow.ticket(foreign.id).links == nil)
        }
    }

    @Test func `old deliveries and links are forgotten`() async throws {
        try await Self.with { workflow, project, ticket in
            try await workflow.store.write { database in
                for number in 0..<Limits.gitHubDeliveries + 2 * Int(GitHubStore.pruning) {
                    _ = try GitHubStore.note(delivery: "\(number)", of: project.id, at: .now(), in: database)
                }
                let kept = try Int.fetchOne(database, sql: "SELECT count(*) FROM github_delivery") ?? 0
                #expect((Limits.gitHubDeliveries...Limits.gitHubDeliveries + Int(GitHubStore.pruning)).contains(kept))
                #expect(try !GitHubStore.note(delivery: "10000", of: project.id, at: .now(), in: database))
                #expect(try GitHubStore.note(delivery: "0", of: project.id, at: .now(), in: database))
            }
            let many = (0..<Limits.linksPerTicket + 20).reduce([TicketLink]()) { links, number in
                links.with(
                    TicketLink(
                        kind: .commit,
                        repository: "octo/shop",
                        reference: "\(number)",
                        title: "t",
                        url: "u",
                        at: Timestamp(milliseconds: Int64(number))
                    )
                )
            }
            #expect(many.count == Limits.linksPerTicket)
            #expect(many.first?.reference == "\(Limits.linksPerTicket + 19)")
            #expect(ticket.links == nil)
        }
    }
}
