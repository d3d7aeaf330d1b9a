import Kernel
import ServiceKit

/// A language model that the workflow asks for short texts.
package struct ModelConfiguration: Sendable, Equatable {
    /// The protocols it may speak.
    package enum API: String, Sendable, CaseIterable {
        /// `POST {url}/chat/completions`
        case openAI = "openai"
        /// `POST {url}/v1/messages`
        case anthropic
    }

    package var api: API
    /// Without a slash at its end.
    package var url: String
    package var name: String
    /// Secret; nil for a server that wants none.
    package var key: String?

    /// The documented keys.
    package static let keys = [
        ConfigurationKey(
            "model.url",
            .url(schemes: ["http", "https"]),
            "model for titles; without it rules make them"
        ),
        ConfigurationKey(
            "model.api",
            .choice(API.allCases.map(\.rawValue)),
            default: API.openAI.rawValue,
            "protocol of the model"
        ),
        ConfigurationKey("model.name", .text, "name of the model, required with OMOI_MODEL_URL"),
        ConfigurationKey("model.key", .text, secret: true, "key of the model's provider"),
    ]

    package init(api: API, url: String, name: String, key: String? = nil) {
        self.api = api
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.name = name
        self.key = key
    }

    /// - Returns: nil when no model is configured.
    /// - Throws: ``ConfigurationError`` when only a part of it is.
    package init?(_ settings: Settings) throws {
        guard let url = settings.optionalText("model.url") else { return nil }
        guard let api = API(rawValue: try settings.text("model.api")) else {
            throw ConfigurationError("OMOI_MODEL_API must name a known protocol")
        }
        self.init(
            api: api,
            url: url,
            name: try settings.text("model.name"),
            key: settings.optionalText("model.key")
        )
    }
}
