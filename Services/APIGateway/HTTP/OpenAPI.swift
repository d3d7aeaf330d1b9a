import Contracts
import HTTPTypes
import Kernel
import ServiceKit

/// The description of the HTTP surface, OpenAPI 3.1, made from the routes themselves.
struct OpenAPI {
    let routes: [Route]

    var document: JSONValue {
        var paths: [String: JSONValue] = [:]
        for route in routes {
            paths[route.documentedPath] = .members(
                paths[route.documentedPath] ?? [:],
                (route.method.rawValue.lowercased(), operation(route))
            )
        }
        for (path, summary) in Self.probes {
            paths[path] = [
                "get": [
                    "operationId": .string("get" + path.dropFirst().capitalized), "summary": .string(summary),
                    "tags": ["probes"], "security": [],
                    "responses": ["200": ["description": "It is so"], "503": ["description": "It is not so"]],
                ]
            ]
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": "Omoi", "version": .string(Gateway.version), "description": .string(Self.introduction)],
            "paths": .object(paths),
            "components": [
                "schemas": .object(schemas),
                "responses": ["Problem": Self.problem],
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    /// Routes every service has, added by ``HealthRoutes``.
    static let probes = [
        (path: "/livez", summary: "Whether the process runs"),
        (path: "/metrics", summary: "Figures in the Prometheus text format"),
        (path: "/readyz", summary: "Whether the service can work, and what it misses"),
    ]

    private static let introduction = """
        Errors are problems (RFC 9457) with a stable `code`. POST, PUT, PATCH and DELETE take an `Idempotency-Key`: \
        the same key with the same request gets the first answer again, for seven days. Lists are paged by opaque \
        cursors. Unknown fields and unknown query parameters are refused.
        """

    private static let problem: JSONValue = [
        "description": "A problem; its code says which",
        "content": [
            ContentType.problem: ["schema": ["$ref": "#/components/schemas/Problem"]]
        ],
    ]

    private var schemas: [String: JSONValue] {
        let ofAnswers = routes.flatMap { route in route.answers.flatMap { $0.schema?.named ?? [] } }
        let ofBodies = routes.flatMap { $0.body?.schema.named ?? [] }
        var schemas: [String: JSONValue] = [:]
        for (name, schema) in ofAnswers + Shapes.problem.named {
            schemas[name] = schema.jsonSchema(isClosed: false)
        }
        for (name, schema) in ofBodies { schemas[name] = schema.jsonSchema(isClosed: true) }
        return schemas
    }

    private func operation(_ route: Route) -> JSONValue {
        var responses: [String: JSONValue] = [
            "4XX": ["$ref": "#/components/responses/Problem"], "5XX": ["$ref": "#/components/responses/Problem"],
        ]
        for answer in route.answers { responses[String(answer.status)] = response(answer) }
        if route.answersNotModified {
            responses["304"] = ["description": "The caller has this version already"]
        }
        let parameters = parameters(of: route)
        let needs = route.demand.explanation
        return .members(
            [
                "operationId": .string(route.operation), "summary": .string(route.summary),
                "tags": [.string(route.family)], "responses": .object(responses),
                "security": route.demand == .open ? [] : [["token": [.string(route.demand.rawValue)]]],
                "description": .string([route.details, needs].compactMap(\.self).joined(separator: "\n\n")),
            ],
            ("parameters", parameters.isEmpty ? nil : .array(parameters)),
            ("requestBody", route.body.map(Self.requestBody)),
            ("deprecated", route.isDeprecated ? true : nil)
        )
    }

    private static func requestBody(_ body: BodyDeclaration) -> JSONValue {
        [
            "required": .bool(!body.isOptional),
            "content": [ContentType.json: ["schema": body.schema.jsonSchema(isClosed: true)]],
        ]
    }

    private func response(_ answer: Route.Answer) -> JSONValue {
        let headers = answer.headers.map { ($0, ["schema": ["type": "string"]] as JSONValue) }
        let schema = answer.schema?.jsonSchema(isClosed: false)
        return .members(
            ["description": .string(answer.description)],
            ("headers", headers.isEmpty ? nil : .object(Dictionary(headers) { _, last in last })),
            ("content", answer.contentType.map { type in .object([type: .members([:], ("schema", schema))]) })
        )
    }

    private func parameters(of route: Route) -> [JSONValue] {
        func parameter(_ name: String, _ place: String, _ schema: JSONValue, _ description: String?) -> JSONValue {
            .members(
                ["name": .string(name), "in": .string(place), "schema": schema],
                ("required", place == "path" ? true : nil),
                ("description", description.map(JSONValue.string))
            )
        }
        var parameters = route.pathParameters.map { parameter($0, "path", ["type": "string"], nil) }
        for entry in route.query {
            let schema = entry.schema.jsonSchema(isClosed: true)
            parameters.append(
                .members(
                    parameter(entry.name, "query", schema, entry.description),
                    ("required", entry.isRequired ? true : nil),
                    ("deprecated", entry.isDeprecated ? true : nil)
                )
            )
        }
        if route.takesIdempotencyKey {
            let schema: JSONValue = ["type": "string", "minLength": 1, "maxLength": 255]
            parameters.append(parameter("Idempotency-Key", "header", schema, "Repeats are answered like the first"))
        }
        if route.heedsIfMatch {
            parameters.append(
                parameter("If-Match", "header", ["type": "string"], "The ETag this is meant for; 412 when it is stale")
            )
        }
        if route.answersNotModified {
            parameters.append(parameter("If-None-Match", "header", ["type": "string"], "The ETag the caller has"))
        }
        return parameters
    }
}

extension Route {
    /// First part of the path: what belongs together for readers and for rate limits.
    var family: String {
        let first = path.split(separator: "/").first.map(String.init) ?? ""
        return base.isEmpty ? "about" : first
    }

    /// The path as OpenAPI writes it.
    var documentedPath: String { fullPath.replacing("**", with: "{rest}") }

    /// Names in braces, in order.
    var pathParameters: [String] {
        documentedPath.split(separator: "/").filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
    }

    var takesIdempotencyKey: Bool { method != .get && demand != .open }

    /// Whether a caller that names the present version gets 304.
    var answersNotModified: Bool { method == .get && answers.contains { $0.headers.contains("ETag") } }
}

extension Demand {
    /// For readers of the documentation.
    var explanation: String {
        switch self {
        case .open: "Needs no token."
        case .read: "Needs a token of scope viewer, member or admin."
        case .write: "Needs a token of scope member or admin."
        case .plan: "Needs a token of scope member or admin, or plan in its own project."
        case .admin: "Needs a token of scope admin."
        case .sandbox: "Needs the token of the sandbox itself."
        case .participate: "Needs a token of scope member or admin, or of the sandbox itself."
        }
    }
}
