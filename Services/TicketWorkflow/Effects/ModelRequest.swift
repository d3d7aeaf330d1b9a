import Contracts
import HTTPClient
import Kernel

/// One short question to the configured model.
struct ModelRequest: Sendable {
    /// Version of the Messages API.
    private static let anthropicVersion = "2023-06-01"

    /// What the model is to do.
    var instruction: String
    /// What it is to do it with.
    var text: String
    /// Longest answer, tokens.
    var maxTokens: Int

    /// Asks, and returns the text of the answer.
    ///
    /// - Throws: ``Fault`` `unavailable`, with a time to retry where that helps; `HTTPClientError`.
    func send(to model: ModelConfiguration, _ web: WebClient) async throws -> String {
        let response = try await web.send(try request(model))
        guard response.status == 200 else { throw Self.refusal(response) }
        let answer: String? =
            switch model.api {
            case .openAI:
                try ContractCoder.decode(Completion.self, from: response.body).choices.first?.message.content
            case .anthropic:
                try ContractCoder.decode(MessageAnswer.self, from: response.body).content
                    .compactMap(\.text).joined()
            }
        guard let answer, !answer.isEmpty else { throw Fault(.unavailable, "the model answered without text") }
        return answer
    }

    private func request(_ model: ModelConfiguration) throws -> HTTPRequest {
        var headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        let url: String
        let body: [UInt8]
        switch model.api {
        case .openAI:
            url = "\(model.url)/chat/completions"
            if let key = model.key { headers.append(("Authorization", "Bearer \(key)")) }
            let messages = [Message(role: "system", content: instruction), Message(role: "user", content: text)]
            body = try ContractCoder.encode(
                CompletionRequest(model: model.name, messages: messages, maxTokens: maxTokens)
            )
        case .anthropic:
            url = "\(model.url)/v1/messages"
            if let key = model.key { headers.append(("x-api-key", key)) }
            headers.append(("anthropic-version", Self.anthropicVersion))
            body = try ContractCoder.encode(
                MessageRequest(
                    model: model.name,
                    system: instruction,
                    messages: [Message(role: "user", content: text)],
                    maxTokens: maxTokens
                )
            )
        }
        return HTTPRequest(method: "POST", url: url, headers: headers, body: body, timeout: Limits.effectTimeout)
    }

    /// The body is not shown: it may repeat what was sent.
    private static func refusal(_ response: HTTPResponse) -> Fault {
        let message = "the model's provider answered \(response.status)"
        guard response.status == 429 || response.status >= 500 else { return Fault(.unavailable, message) }
        let seconds = response.header("Retry-After").flatMap { Int($0) } ?? 1
        return Fault(.unavailable, message, retryAfter: .seconds(min(max(seconds, 1), 3600)))
    }
}

private struct Message: Codable {
    var role: String
    var content: String
}

private struct CompletionRequest: Encodable {
    var model: String
    var messages: [Message]
    var maxTokens: Int

    enum CodingKeys: String, CodingKey {
        case model, messages
        case maxTokens = "max_tokens"
    }
}

private struct Completion: Decodable {
    struct Choice: Decodable { var message: Answer }
    struct Answer: Decodable { var content: String? }
    var choices: [Choice]
}

private struct MessageRequest: Encodable {
    var model: String
    var system: String
    var messages: [Message]
    var maxTokens: Int

    enum CodingKeys: String, CodingKey {
        case model, system, messages
        case maxTokens = "max_tokens"
    }
}

private struct MessageAnswer: Decodable {
    struct Block: Decodable { var text: String? }
    var content: [Block]
}
