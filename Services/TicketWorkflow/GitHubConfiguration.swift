import ServiceKit

/// Where GitHub is, and how the workflow speaks to it for projects that have no token of their own.
package struct GitHubConfiguration: Sendable, Equatable {
    /// Without a slash at its end.
    package var url: String
    /// Secret; nil: projects without a token of their own see what everybody sees.
    package var token: String?

    private static let defaultURL = "https://api.github.com"

    /// The documented keys.
    package static let keys = [
        ConfigurationKey(
            "github.api.url",
            .url(schemes: ["http", "https"]),
            default: defaultURL,
            "root of GitHub's REST API; of an own server https://HOST/api/v3"
        ),
        ConfigurationKey("github.token", .text, secret: true, "access token for projects without one of their own"),
    ]

    package init(url: String = defaultURL, token: String? = nil) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
    }

    /// - Throws: ``ConfigurationError`` that names the variable.
    package init(_ settings: Settings) throws {
        self.init(url: try settings.text("github.api.url"), token: settings.optionalText("github.token"))
    }
}
