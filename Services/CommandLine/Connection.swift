import ArgumentParser
import Contracts
import FoundationEssentials
import HTTPClient
import Kernel

/// Options of every command that talks to a running system.
package struct Connection: ParsableArguments {
    @Option(help: "Address of the gateway (default: http://$OMOI_BIND:$OMOI_HTTP_PORT).")
    var url: String?

    @Option(help: "File with the bearer token (default: $OMOI_TOKEN itself, then $OMOI_HOME/admin.token).")
    var tokenFile: String?

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    package init() {}

    /// The bearer token.
    ///
    /// - Throws: ``Fault`` `unauthenticated` that names where it was looked for.
    static func token(file: String?) throws(Fault) -> String {
        let surroundings = Surroundings.current
        if file == nil, let token = surroundings.variable("OMOI_TOKEN") { return token }
        let path: String
        if let file { path = file } else { path = "\(try surroundings.home())/admin.token" }
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw Fault(
                .unauthenticated,
                "no token: set OMOI_TOKEN, or OMOI_HOME to where `omoi up` runs (\(path) cannot be read)"
            )
        }
        let text = String(decoding: data, as: UTF8.self)
        return String(text.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
    }

    /// A client of the gateway.
    func gateway() throws -> APIClient {
        APIClient(client: WebClient(), baseURL: try gatewayURL(), token: try Self.token(file: tokenFile))
    }

    /// A client of the event relay.
    func relay(_ explicit: String?) async throws -> APIClient {
        let token = try Self.token(file: tokenFile)
        let client = WebClient()
        if let explicit { return APIClient(client: client, baseURL: explicit, token: token) }
        guard url == nil else {
            let meta: Meta = try await APIClient(client: client, baseURL: try gatewayURL(), token: token)
                .get("/api/v1/meta")
            return APIClient(client: client, baseURL: meta.relay, token: token)
        }
        let surroundings = Surroundings.current
        let port = try surroundings.port("OMOI_RELAY_PORT", default: 8081)
        return APIClient(client: client, baseURL: "http://\(surroundings.localAddress):\(port)", token: token)
    }

    private func gatewayURL() throws(Fault) -> String {
        if let url {
            guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
                throw Fault.invalid("--url", "'\(url)' is not an http address")
            }
            return url
        }
        let surroundings = Surroundings.current
        return "http://\(surroundings.localAddress):\(try surroundings.port("OMOI_HTTP_PORT", default: 8080))"
    }

    private struct Meta: Decodable {
        var relay: String
        enum CodingKeys: String, CodingKey { case relay = "relay_url" }
    }

    /// Prints the JSON object or the lines, as asked for.
    func show(json members: @autoclosure () throws -> [String: JSONValue], text lines: () throws -> [String]) throws {
        let console = Surroundings.current.console
        if json {
            console.print(try JSONOutput.line(members()))
        } else {
            for line in try lines() { console.print(line) }
        }
    }
}
