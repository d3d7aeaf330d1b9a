import Contracts
import GRDB
import Kernel
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct DuplicateTests {
    private static func create(
        _ title: String,
        _ description: String? = nil,
        in project: Project,
        threshold: Double? = DuplicateCheck.defaultThreshold
    ) -> CreateTickets {
        CreateTickets(
            body: TicketBatch(projectID: project.id, tickets: [TicketCreate(title: title, description: description)]),
            duplicateThreshold: threshold
        )
    }

    @Test func `a suspected duplicate is answered and not created`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let first = try await workflow.run(Self.create("Login page crashes on submit", in: project)).tickets[0]
            let before = try await workflow.contents()
            let answer = try await workflow.run(Self.create("Crash on submit of the login page", in: project))
            #expect(answer.tickets.isEmpty)
            let found = try #require(answer.duplicates)
            #expect(found.isDuplicate)
            #expect(found.candidates.map(\.ticketID) == [first.id])
            #expect(found.candidates[0].status == .backlog)
            #expect(found.highestSimilarity == found.candidates[0].similarityScore)
            #expect(found.message.contains(first.key))
            #expect(try await workflow.contents() == before)
            let forced = try await workflow.run(
                Self.create("Crash on submit of the login page", in: project, threshold: nil)
            )
            #expect(forced.tickets.count == 1)
            #expect(forced.duplicates == nil)
        }
    }

    @Test func `the threshold decides, and 0 means 0`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            try await workflow.run(Self.create("Rename user table", in: project))
            func count(_ threshold: Double) async throws -> Int {
                try await workflow.run(Self.create("Rename order table", in: project, threshold: threshold))
                    .tickets.count
            }
            #expect(try await count(0) == 0)
            #expect(try await count(0.5) == 0)
            #expect(try await count(0.85) == 1)
            #expect(try await count(1) == 0)
        }
    }

    @Test func `defect 40: duplicates are looked for in the project only`() async throws {
        try await withWorkflow { workflow in
            let (mine, other) = (try await workflow.project(), try await workflow.project())
            let secret = try await workflow.run(Self.create("Acquire the competitor", in: other)).tickets[0]
            let answer = try await workflow.run(Self.create("Acquire the competitor", in: mine))
            #expect(answer.tickets.count == 1)
            let bound = Actor(subject: "bob", scope: .viewer, projectID: mine.id)
            let found = try await workflow.ask(
                CheckDuplicates(body: DuplicateCheck(title: "Acquire the competitor")),
                as: bound
            )
            #expect(found.candidates.map(\.ticketID) == answer.tickets.map(\.id))
            await #expect(throws: Fault.self) {
                try await workflow.ask(
                    CheckDuplicates(body: DuplicateCheck(projectID: other.id, title: "Acquire the competitor")),
                    as: bound
                )
            }
            let all = try await workflow.ask(CheckDuplicates(body: DuplicateCheck(title: "Acquire the competitor")))
            #expect(Set(all.candidates.map(\.ticketID)) == [secret.id, answer.tickets[0].id])
        }
    }

    @Test func `defect 40: of equal requests at once one creates and the others are told`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let created = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await workflow.run(Self.create("Make search faster", in: project)).tickets.count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(created == 1)
        }
    }

    @Test func `what is done is no duplicate, and an edited ticket counts by its new text`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project, title: "Cache the board view")
            func isDuplicate(_ title: String) async throws -> Bool {
                try await workflow.ask(CheckDuplicates(body: DuplicateCheck(projectID: project.id, title: title)))
                    .isDuplicate
            }
            #expect(try await isDuplicate("Cache board view"))
            try await workflow.change { unit in
                try unit.update(ticket: ticket.id, .ticketUpdated) { $0.title = "Page the history" }
            }
            #expect(try await !isDuplicate("Cache board view"))
            #expect(try await isDuplicate("Page the history"))
            try await workflow.complete(task.id)
            #expect(try await workflow.ticket(ticket.id).status == .done)
            #expect(try await !isDuplicate("Page the history"))
            let documents = try await workflow.store.read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM ticket_document")
            }
            #expect(documents == 0)
        }
    }

    @Test func `an old duplicate is found among many tickets of the same words`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.autoStart = false }
            let wanted = try await workflow.run(Self.create("Fix search index", in: project)).tickets[0]
            let words = ["Fix", "search", "index"]
            for start in stride(from: 0, to: 300, by: 100) {
                let others = (start..<start + 100).map { number in
                    TicketCreate(title: "\(words[number % 3]) \(words[(number + 1) % 3]) thing\(number) part\(number)")
                }
                _ = try await workflow.tickets(project, others)
            }
            let found = try await workflow.ask(
                CheckDuplicates(body: DuplicateCheck(projectID: project.id, title: "Fixing the search index", topK: 1))
            )
            #expect(found.candidates.map(\.ticketID) == [wanted.id])
        }
    }

    @Test func `candidates are bounded and the most similar comes first`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            for title in ["Rename user table", "Rename the user table", "Rename order table", "Paint it black"] {
                try await workflow.run(Self.create(title, in: project, threshold: nil))
            }
            var check = DuplicateCheck(projectID: project.id, title: "Rename order table", similarityThreshold: 0.4)
            let all = try await workflow.ask(CheckDuplicates(body: check))
            #expect(all.candidates.map(\.title).first == "Rename order table")
            #expect(all.candidates.count == 3)
            #expect(all.candidates.map(\.similarityScore) == all.candidates.map(\.similarityScore).sorted(by: >))
            check.topK = 2
            #expect(try await workflow.ask(CheckDuplicates(body: check)).candidates.count == 2)
            check.title = "Something else entirely"
            let none = try await workflow.ask(CheckDuplicates(body: check))
            #expect(!none.isDuplicate)
            #expect(none.highestSimilarity == 0)
        }
    }

    @Test(arguments: [
        #"" OR "x"#, "NEAR(a b)", "a* AND b", "title:x", "-", "\u{0301}\u{0301}", "a\u{0335}b", "𞤀𞤁 letter", "𝕏 marks",
        "½ ⅷ ²",
    ])
    func `any title can be looked up`(title: String) async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            #expect(try await workflow.run(Self.create(title, in: project)).tickets.count == 1)
            #expect(try await workflow.run(Self.create(title, in: project)).duplicates?.isDuplicate ?? true)
        }
    }

    @Test func `an empty title and an unknown project are refused`() async throws {
        try await withWorkflow { workflow in
            for check in [DuplicateCheck(title: " "), DuplicateCheck(projectID: .make(), title: "x")] {
                await #expect(throws: Fault.self) { try await workflow.ask(CheckDuplicates(body: check)) }
            }
        }
    }
}
