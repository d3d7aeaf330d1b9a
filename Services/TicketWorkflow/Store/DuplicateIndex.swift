import Contracts
import GRDB
import Kernel

/// Finds open tickets that resemble a text: by full-text index those that share its words, then by comparison.
///
/// It never looks beyond one project: whoever may not see another one learns nothing of its titles.
enum DuplicateIndex {
    /// Makes a new ticket findable.
    static func insert(_ ticket: Ticket, in database: Database) throws {
        let text = Similarity(title: ticket.title, description: ticket.description)
        let terms = terms(text, ofTicket: ticket.key)
        let digest = EmbeddingStore.digest(ticket.title, ticket.description)
        try database.cachedStatement(
            sql: "INSERT INTO ticket_document (ticket_id, terms, project_id, digest) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [ticket.id, terms, ticket.projectID, digest])
        try database.cachedStatement(sql: "INSERT INTO ticket_text (rowid, terms) VALUES (?, ?)")
            .execute(arguments: [database.lastInsertedRowID, terms])
        try EmbeddingStore.adopt(digest, in: database)
    }

    /// What is indexed of a ticket's text.
    ///
    /// - Parameter key: the ticket's.
    static func terms(_ text: Similarity, ofTicket key: String) -> String {
        let project = projectKey(of: key)
        return text.terms.map { term($0, of: project) }.joined(separator: " ")
    }

    /// Takes over a change: another text, or that the ticket is over. Nobody repeats work by asking for what is done.
    ///
    /// - Returns: whether there is a new text to find.
    static func update(_ before: Ticket, to after: Ticket, in database: Database) throws -> Bool {
        let isSame = before.title == after.title && before.description == after.description
        guard before.isOver != after.isOver || !isSame else { return false }
        try remove(after.id, in: database)
        guard !after.isOver else { return false }
        try insert(after, in: database)
        return true
    }

    private static func remove(_ id: Identifier, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "DELETE FROM ticket_document WHERE ticket_id = ? RETURNING document, terms, digest"
        )
        guard let row = try Row.fetchOne(statement, arguments: [id]) else { return }
        let (document, terms): (Int64, String) = (row[0], row[1])
        try database.cachedStatement(
            sql: "INSERT INTO ticket_text (ticket_text, rowid, terms) VALUES ('delete', ?, ?)"
        ).execute(arguments: [document, terms])
        if let digest: String = row[2] { try EmbeddingStore.release(digest, in: database) }
    }

    /// The open tickets of a project that resemble a text, the most similar first.
    ///
    /// - Parameters:
    ///   - key: the project's.
    ///   - least: see ``Similarity/score(_:least:)``.
    static func search(
        _ question: DuplicateQuestion,
        in key: String,
        least: Double,
        _ database: Database
    ) throws -> [(ticket: Ticket, score: Double)] {
        let text = question.text
        var likeness: [Identifier: Double?] = [:]
        for id in try candidates(text, key, database) { likeness[id] = .some(nil) }
        if let meaning = question.meaning {
            let limit = Limits.duplicateCandidates
            let near = try EmbeddingStore.nearest(
                to: meaning.embedding,
                model: meaning.model,
                in: key,
                limit: limit,
                database
            )
            for (id, value) in near { likeness[id] = value }
        }
        return try likeness.compactMap { id, meaning in
            guard let ticket = try TicketStore.find(id, in: database)?.ticket, ticket.isComparable else { return nil }
            let other = Similarity(title: ticket.title, description: ticket.description)
            return (ticket, text.score(other, least: least, meaning: meaning))
        }.sorted { ($0.score, $0.ticket.id) > ($1.score, $1.ticket.id) }
    }

    /// The tickets that share the most telling words.
    private static func candidates(_ text: Similarity, _ key: String, _ database: Database) throws -> [Identifier] {
        let terms = text.terms.map { "\"\(term($0, of: key))\"" }
        var weights: [Int64: Double] = [:]
        var isEveryWordCommon = true
        for (index, term) in terms.enumerated() {
            let found = try documents(term, limit: Limits.duplicateRowsPerTerm, database)
            let isTitle = index < text.titleTerms
            if isTitle, found.count < Limits.duplicateRowsPerTerm { isEveryWordCommon = false }
            // The rarer a word, the more it tells.
            let weight = (isTitle ? 2 : 1) / Double(found.count + 4)
            for document in found { weights[document, default: 0] += weight }
        }
        if isEveryWordCommon, text.titleTerms > 0 {
            // Only the newest were looked at; an older ticket with the same title has all of its words.
            let title = terms.prefix(text.titleTerms).joined(separator: " AND ")
            for document in try documents(title, limit: Limits.duplicateCandidates / 2, database) {
                weights[document] = .infinity
            }
        }
        let best = weights.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.prefix(Limits.duplicateCandidates)
        let statement = try database.cachedStatement(sql: "SELECT ticket_id FROM ticket_document WHERE document = ?")
        return try best.compactMap { try Identifier.fetchOne(statement, arguments: [$0.key]) }
    }

    /// Newest first.
    private static func documents(_ query: String, limit: Int, _ database: Database) throws -> [Int64] {
        let statement = try database.cachedStatement(
            sql: "SELECT rowid FROM ticket_text WHERE ticket_text MATCH ? ORDER BY rowid DESC LIMIT ?"
        )
        return try Int64.fetchAll(statement, arguments: [query, limit])
    }

    /// The project's key makes every project's words its own, so a search costs what its project costs. Words consist
    /// of letters and digits only, which need no escaping.
    private static func term(_ word: String, of key: String) -> String { "\(key.lowercased())-\(word)" }

    /// `ABC` of `ABC-12`.
    private static func projectKey(of key: String) -> String { String(key.prefix { $0 != "-" }) }
}

/// A text whose like is looked for.
struct DuplicateQuestion {
    let text: Similarity
    /// nil when it is not known: words alone are compared then.
    let meaning: (embedding: Embedding, model: String)?

    init(
        title: String,
        description: String?,
        _ configuration: WorkflowConfiguration,
        in database: Database
    ) throws {
        text = Similarity(title: title, description: description)
        guard let model = configuration.embeddings?.model else {
            meaning = nil
            return
        }
        let digest = EmbeddingStore.digest(title, description)
        meaning = try EmbeddingStore.find(digest, model: model, in: database).map { ($0, model) }
    }
}

extension Ticket {
    fileprivate var isOver: Bool { phase == .done || archived }

    /// What was refused may be asked for again.
    fileprivate var isComparable: Bool { !isOver && approvalStatus != .rejected }
}
