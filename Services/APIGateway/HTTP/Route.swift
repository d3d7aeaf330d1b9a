import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit

/// One route: what the router answers, what the request is checked for, and what `/openapi.json` says, in one place.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, OmoiRequestContext) async throws -> Response

    var method: HTTPRequest.Method
    /// Below ``base``, with parameters in braces: `tickets/{id}/transition`.
    var path: String
    /// Name of the operation for generated clients, unique: `transitionTicket`.
    var operation: String
    var summary: String
    /// What the summary does not say; where this differs from the earlier system, why.
    var details: String?
    var demand: Demand
    /// Known query parameters; a request with another one is refused.
    var query: [QueryParameter]
    var body: BodyDeclaration?
    /// Of the earlier system, better not used any more.
    var isDeprecated: Bool
    /// Whether `If-Match` is heeded.
    var heedsIfMatch: Bool
    /// Answers that are no problems; those are the same everywhere.
    var answers: [Answer]
    var handle: Handler
    /// Whether the read model must be whole before this can be answered; the owner's state needs no such wait.
    var needsReadModel: Bool
    /// Empty for the few routes beside the API.
    var base: String
    var fullPath: String { "\(base)/\(path)" }

    /// - Parameters:
    ///   - body: its shape; the handler reads it with ``Received``.
    ///   - needsReadModel: by default every route for people does, because they look something up at least.
    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        operation: String,
        summary: String,
        details: String? = nil,
        demand: Demand,
        query: [QueryParameter] = [],
        body: Schema? = nil,
        optionalBody: Bool = false,
        bodyLimit: Int = Limits.requestBytes,
        heedsIfMatch: Bool = false,
        isDeprecated: Bool = false,
        answers: [Answer],
        needsReadModel: Bool? = nil,
        base: String = "/api/v1",
        handle: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.summary = summary
        self.details = details
        self.demand = demand
        self.query = query
        self.body = body.map { BodyDeclaration($0, isOptional: optionalBody, limit: bodyLimit) }
        self.heedsIfMatch = heedsIfMatch
        self.isDeprecated = isDeprecated
        self.answers = answers
        self.needsReadModel = needsReadModel ?? demand.looksThingsUp
        self.base = base
        self.handle = handle
    }

    /// What a route answers when nothing is wrong.
    struct Answer: Sendable {
        var status: Int
        /// Shape of the JSON; nil: no JSON.
        var schema: Schema?
        var description: String
        /// Of the body; nil: there is none.
        var contentType: String? = ContentType.json
        /// Names of headers beside those of every answer.
        var headers: [String] = []

        /// 200 with JSON.
        static func ok(_ schema: Schema, _ description: String = "As asked") -> Answer {
            Answer(status: 200, schema: schema, description: description)
        }

        /// 200 with an entity and its `ETag`.
        static func entity(_ schema: Schema) -> Answer {
            Answer(status: 200, schema: schema, description: "As it is now", headers: ["ETag"])
        }

        /// 201 with the new entity, its `Location` and its `ETag`.
        static func created(_ schema: Schema) -> Answer {
            Answer(status: 201, schema: schema, description: "Created", headers: ["Location", "ETag"])
        }

        /// 200 with an array; the next page is in `Link`.
        static func array(of schema: Schema) -> Answer {
            Answer(
                status: 200,
                schema: .list(of: schema),
                description: "A page; Link names the next one",
                headers: ["Link"]
            )
        }

        /// 200 with a page whose items are under `name`.
        static func page(_ name: String, of schema: Schema) -> Answer {
            .ok(Shapes.page(name, of: schema), "A page; next_cursor leads to the next one")
        }
    }
}

/// A query parameter that a route knows.
struct QueryParameter: Sendable {
    var name: String
    var schema: Schema
    var description: String
    var isRequired = false
    /// Of the earlier system: accepted, but better not sent any more.
    var isDeprecated = false

    init(
        _ name: String,
        _ schema: Schema,
        _ description: String,
        isRequired: Bool = false,
        isDeprecated: Bool = false
    ) {
        self.name = name
        self.schema = schema
        self.description = description
        self.isRequired = isRequired
        self.isDeprecated = isDeprecated
    }

    static let project = QueryParameter("project_id", .identifier, "Only of this project")
    static let search = QueryParameter(
        "search",
        .string(max: Limits.searchLength),
        "Only with this text in title or description, in any case; one or two characters are looked for in titles"
    )
    static let limit = QueryParameter("limit", .integer(1...Int64(Limits.pageMax)), "Most items of a page")
    static let cursor = QueryParameter("cursor", .text, "From the page before")
    static let offset = QueryParameter(
        "offset",
        .integer(0...Int64(Limits.offsetMax)),
        "Items to skip; use cursor instead",
        isDeprecated: true
    )
}

extension [QueryParameter] {
    /// `limit` and `cursor`.
    static let page = [QueryParameter.limit, .cursor]
    /// Those, and the earlier system's `offset`.
    static let pageWithOffset = page + [.offset]
}
