import ServiceKit

/// A server that turns texts into vectors of meaning, `POST {url}/embeddings` as OpenAI speaks it.
package struct EmbeddingConfiguration: Sendable, Equatable {
    /// Without a slash at its end.
    package var url: String
    package var model: String
    /// Secret; nil for a server that wants none.
    package var key: String?

    /// The documented keys.
    package static let keys = [
        ConfigurationKey(
            "embeddings.url",
            .url(schemes: ["http", "https"]),
            "embeddings for the duplicate check; without it words are compared"
        ),
        ConfigurationKey("embeddings.model", .text, "name of the model, required with OMOI_EMBEDDINGS_URL"),
        ConfigurationKey("embeddings.key", .text, secret: true, "key of the provider of embeddings"),
    ]

    package init(url: String, model: String, key: String? = nil) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.model = model
        self.key = key
    }

    /// - Returns: nil when no server is configured.
    /// - Throws: ``ConfigurationError`` when only a part of it is.
    package init?(_ settings: Settings) throws {
        guard let url = settings.optionalText("embeddings.url") else { return nil }
        self.init(
            url: url,
            model: try settings.text("embeddings.model"),
            key: settings.optionalText("embeddings.key")
        )
    }
}
