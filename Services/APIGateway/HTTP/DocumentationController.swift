import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit

/// `/openapi.json` for programs and `/docs` for people, both made once from the routes.
struct DocumentationController: Sendable {
    private let document: [UInt8]
    private let page: [UInt8]

    /// - Parameter others: every other route.
    /// - Throws: an encoding error, which would be a bug.
    init(describing others: [Route]) throws {
        let all = others + Self.routes(openAPI: [], docs: [])
        document = try ContractCoder.encode(OpenAPI(routes: all).document)
        page = Array(DocumentationPage(routes: all).html.utf8)
    }

    var routes: [Route] { Self.routes(openAPI: document, docs: page) }

    private static func routes(openAPI: [UInt8], docs: [UInt8]) -> [Route] {
        [
            Route(
                .get,
                "openapi.json",
                operation: "getOpenAPI",
                summary: "This description",
                demand: .open,
                answers: [.ok(.any, "An OpenAPI 3.1 document")],
                base: "",
                handle: { _, _ in .json(raw: openAPI) }
            ),
            Route(
                .get,
                "docs",
                operation: "getDocumentation",
                summary: "This description for people",
                demand: .open,
                answers: [
                    Route.Answer(status: 200, description: "A page", contentType: "text/html; charset=utf-8")
                ],
                base: "",
                handle: { _, _ in html(docs) }
            ),
        ]
    }

    private static func html(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
