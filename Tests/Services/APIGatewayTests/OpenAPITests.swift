import Contracts
import HTTPClient
import HTTPTypes
import Kernel
import TestSupport
import Testing

@testable import APIGateway

/// What the gateway says about itself.
@Suite(.gateway, .serialized, .timeLimit(.minutes(2)))
struct OpenAPITests {
    private static let methods: Set<String> = ["get", "put", "post", "delete", "patch"]

    private func document() async throws -> JSONValue {
        try await GatewayFixture.current.api(nil).get("/openapi.json")
    }

    private func operations(_ document: JSONValue) throws -> [(method: String, path: String, operation: JSONValue)] {
        try #require(document["paths"]?.members).flatMap { path, item in
            item.members.map { ($0.key.uppercased(), path, $0.value) }
        }
    }

    @Test func `every route of the router is described, and every description is routed`() async throws {
        let described = Set(try operations(try await document()).map { "\($0.method) \($0.path)" })
        let served = Set(
            try GatewayFixture.current.gateway.gateway.served.map { $0.replacing("**", with: "{rest}") }
        )
        #expect(described.subtracting(served).sorted() == [])
        #expect(served.subtracting(described).sorted() == [])
    }

    @Test func `every described operation is answered by its own handler`() async throws {
        let fixture = try GatewayFixture.current
        let api = fixture.api(fixture.admin)
        for (method, path, operation) in try operations(try await document()) {
            let parts = path.split(separator: "/").map { $0.first == "{" ? "0199aaaa" : String($0) }
            let outcome = try await api.outcome(method, "/" + parts.joined(separator: "/"))
            let name = "\(operation["operationId"]?.text ?? "?"): \(outcome.text.prefix(300))"
            #expect(outcome.status != 405 && !outcome.text.contains("no resource at"), "\(name)")
            #expect(outcome.status < 500, "\(name)")
        }
    }

    @Test func `operations have their own names, references lead somewhere, path parameters are declared`() async throws
    {
        let document = try await document()
        let operations = try operations(document)
        let names = operations.compactMap { $0.operation["operationId"]?.text }
        #expect(names.count == operations.count)
        #expect(
            Set(names).count == names.count,
            "\(Dictionary(grouping: names, by: \.self).filter { $1.count > 1 }.keys)"
        )
        for reference in document.references {
            let parts = reference.split(separator: "/").dropFirst()
            #expect(parts.reduce(document) { $0?[String($1)] } != nil, "\(reference)")
        }
        for (method, path, operation) in operations where !OpenAPI.probes.contains(where: { $0.path == path }) {
            let declared = (operation["parameters"]?.elements ?? []).filter { $0["in"] == "path" }
                .compactMap { $0["name"]?.text }
            let named = path.split(separator: "/").filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
            #expect(declared == named, "\(method) \(path)")
            #expect(operation["summary"]?.text?.isEmpty == false, "\(method) \(path)")
        }
    }

    @Test func `one name stands for one shape`() throws {
        var shapes: [String: JSONValue] = [:]
        let routes = try GatewayFixture.current.gateway.gateway.routes
        for (name, schema) in routes.flatMap({ $0.answers.flatMap { $0.schema?.named ?? [] } }) {
            let shape = schema.jsonSchema(isClosed: false)
            #expect(shapes[name] ?? shape == shape, "\(name)")
            shapes[name] = shape
        }
    }

    @Test func `an unknown field is documented as refused, a deprecated one as deprecated`() async throws {
        let document = try await document()
        let body = document["paths"]?["/api/v1/tickets"]?["post"]?["requestBody"]?["content"]?["application/json"]
        #expect(body?["schema"]?["additionalProperties"] == false)
        let offset = document["paths"]?["/api/v1/tickets"]?["get"]?["parameters"]?.elements
            .first { $0["name"] == "offset" }
        #expect(offset?["deprecated"] == true)
    }

    @Test func `the page for people loads nothing from anywhere`() async throws {
        let outcome = try await GatewayFixture.current.api(nil).outcome("GET", "/docs")
        #expect(outcome.status == 200)
        #expect(outcome.response.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
        #expect(outcome.text.contains("/api/v1/tickets/{id}/transition"))
        #expect(outcome.text.contains("idempotency-key-reused"))
        for loader in ["<script", "<link", "<img", "@import", "url(", "://"] {
            #expect(!outcome.text.contains(loader), "\(loader)")
        }
    }

    @Test func `every route of the inventory exists`() throws {
        let routes = try GatewayFixture.current.gateway.gateway.routes
        let served = Set(
            routes.map { route in
                let path = route.fullPath.split(separator: "/").map { $0.first == "{" ? "{}" : String($0) }
                return "\(route.method.rawValue) /\(path.joined(separator: "/"))"
            }
        )
        let missing = Inventory.routes.filter { !served.contains($0) }
        #expect(missing == [])
    }
}

extension JSONValue {
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var members: [String: JSONValue] {
        guard case .object(let members) = self else { return [:] }
        return members
    }

    var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// Every `$ref` inside.
    var references: [String] {
        let own = self["$ref"]?.text.map { [$0] } ?? []
        return own + members.values.flatMap(\.references) + elements.flatMap(\.references)
    }
}
