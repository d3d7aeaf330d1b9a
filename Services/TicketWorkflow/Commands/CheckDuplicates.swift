import Contracts
import GRDB
import Kernel

extension CheckDuplicates: WorkflowQuery {
    static var access: Access { .viewer }

    /// Projects looked through when the request names none: the earlier system's requests did not.
    private static let projects = 200

    func run(_ inquiry: Inquiry) throws -> DuplicateCheckResponse {
        try checkTitle(body.title, field: "title")
        let question = try DuplicateQuestion(
            title: body.title,
            description: body.description,
            inquiry.environment.configuration,
            in: inquiry.database
        )
        let found = try keys(inquiry)
            .flatMap { try DuplicateIndex.search(question, in: $0, least: 0, inquiry.database) }
            .sorted { ($0.score, $0.ticket.id) > ($1.score, $1.ticket.id) }
        return DuplicateCheckResponse(
            found,
            threshold: body.similarityThreshold ?? DuplicateCheck.defaultThreshold,
            limit: body.topK ?? DuplicateCheck.defaultCount
        )
    }

    private func keys(_ inquiry: Inquiry) throws -> [String] {
        guard let id = body.projectID ?? inquiry.actor.projectID else {
            return try ProjectStore.page(after: nil, limit: Self.projects, in: inquiry.database)
                .filter { $0.status == .active }.map(\.key)
        }
        guard let project = try ProjectStore.find(id, in: inquiry.database) else { throw Fault.notFound("project", id) }
        try inquiry.actor.checkProject(id)
        return [project.key]
    }
}

extension PrepareDuplicateCheck: WorkflowCommand {
    static var access: Access { .viewer }

    func run(_ unit: UnitOfWork) throws -> DuplicatePreparation {
        try checkTitle(title, field: "title")
        let effect = try unit.requestEmbedding(
            title: title,
            description: description,
            subject: .make(),
            project: unit.actor.projectID
        )
        return DuplicatePreparation(isConfigured: unit.environment.configuration.embeddings != nil, effectID: effect)
    }
}

extension DuplicateCheckResponse {
    /// - Parameters:
    ///   - found: the most similar first.
    ///   - limit: most candidates named.
    init(_ found: [(ticket: Ticket, score: Double)], threshold: Double, limit: Int) {
        let candidates = found.filter { $0.score >= threshold }.prefix(limit)
            .map { Candidate($0.ticket, score: $0.score) }
        self.init(
            isDuplicate: !candidates.isEmpty,
            message: candidates.first.map {
                "similar to \($0.key) '\($0.title)'; send force_create to create the ticket nevertheless"
            } ?? "no similar ticket",
            candidates: candidates,
            highestSimilarity: found.first?.score ?? 0
        )
    }
}

extension CreateTickets {
    /// The open tickets that one of the request repeats; nil when none does or nobody asked. It is looked at in the
    /// transaction that creates, so of two equal requests at once only one succeeds.
    func duplicates(of project: Project, _ unit: UnitOfWork) throws -> DuplicateCheckResponse? {
        guard let threshold = duplicateThreshold else { return nil }
        for request in body.tickets {
            let question = try DuplicateQuestion(
                title: request.title,
                description: request.description,
                unit.environment.configuration,
                in: unit.database
            )
            let found = try DuplicateIndex.search(question, in: project.key, least: threshold, unit.database)
            let response = DuplicateCheckResponse(found, threshold: threshold, limit: DuplicateCheck.defaultCount)
            if response.isDuplicate { return response }
        }
        return nil
    }
}
