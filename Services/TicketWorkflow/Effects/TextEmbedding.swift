import Contracts
import HTTPClient
import Kernel

/// Asks for the meaning of a ticket's text, of one that exists or of one that may be created.
struct TextEmbedding: Effect {
    struct Answer: Codable, Sendable, Equatable {
        var dimensions: Int
        /// As ``Embedding/bytes``, in hexadecimal.
        var vector: String
    }

    static let kind = "text.embedding"

    var title: String
    var description: String?
    var model: String

    init(title: String, description: String?, model: String) {
        self.title = title
        self.description = description.map { String($0.prefix(Limits.duplicateTextLength)) }
        self.model = model
    }

    func perform(_ outside: Outside) async throws -> Answer {
        guard let configuration = outside.environment.configuration.embeddings, configuration.model == model else {
            throw Fault(.unavailable, "the model '\(model)' is not configured any more")
        }
        var headers = [("Content-Type", ContentType.json), ("Accept", ContentType.json)]
        if let key = configuration.key { headers.append(("Authorization", "Bearer \(key)")) }
        let text = title + (description.map { "\n" + $0 } ?? "")
        let body: JSONValue = ["model": .string(model), "input": [.string(text)], "encoding_format": "float"]
        let response = try await outside.web.send(
            HTTPRequest(
                method: "POST",
                url: configuration.url + "/embeddings",
                headers: headers,
                body: try ContractCoder.encode(body),
                timeout: Limits.effectTimeout
            )
        )
        guard response.status == 200 else { throw Self.refusal(response) }
        let values = try ContractCoder.decode(Reply.self, from: response.body).data.first?.embedding ?? []
        guard let embedding = Embedding(values) else {
            throw Fault(.unavailable, "the provider of embeddings answered without a usable vector")
        }
        return Answer(dimensions: values.count, vector: embedding.bytes.hexadecimal)
    }

    func conclude(_ outcome: Result<Answer, Fault>, _ unit: UnitOfWork) throws {
        // Without a vector words alone are compared.
        guard case .success(let answer) = outcome, let bytes = [UInt8](hexadecimal: answer.vector),
            let embedding = Embedding(bytes: bytes)
        else { return }
        let digest = EmbeddingStore.digest(title, description)
        try EmbeddingStore.save(embedding, of: digest, model: model, at: unit.now, in: unit.database)
    }

    private struct Reply: Decodable {
        struct Item: Decodable { var embedding: [Float] }
        var data: [Item]
    }

    /// The body is not shown: it may repeat what was sent.
    private static func refusal(_ response: HTTPResponse) -> Fault {
        let message = "the provider of embeddings answered \(response.status)"
        guard response.status == 429 || response.status >= 500 else { return Fault(.unavailable, message) }
        let seconds = response.header("Retry-After").flatMap { Int($0) } ?? 1
        return Fault(.unavailable, message, retryAfter: .seconds(min(max(seconds, 1), 3600)))
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// nil for what is not hexadecimal.
    fileprivate init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap { UInt8(String(Unicode.Scalar($0)), radix: 16) }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

extension UnitOfWork {
    /// Has the meaning of a ticket's text looked up, when there is somebody to ask.
    func requestEmbedding(ofTicket ticket: Ticket) throws {
        try requestEmbedding(
            title: ticket.title,
            description: ticket.description,
            subject: ticket.id,
            project: ticket.projectID
        )
    }

    /// Has the meaning of a text looked up, when there is somebody to ask.
    ///
    /// - Returns: the effect under way; nil when the meaning is known or cannot be.
    @discardableResult
    func requestEmbedding(
        title: String,
        description: String?,
        subject: Identifier,
        project: Identifier?
    ) throws -> Identifier? {
        guard let model = environment.configuration.embeddings?.model else { return nil }
        let digest = EmbeddingStore.digest(title, description)
        guard try EmbeddingStore.find(digest, model: model, in: database) == nil else { return nil }
        let effect = TextEmbedding(title: title, description: description, model: model)
        return try request(effect, subject: subject, project: project)
    }
}
