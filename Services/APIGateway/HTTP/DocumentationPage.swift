import Contracts
import Kernel

/// The routes as one HTML page that loads nothing from anywhere.
struct DocumentationPage {
    let routes: [Route]

    var html: String {
        let families = Dictionary(grouping: routes, by: \.family).sorted { $0.key < $1.key }
        let contents = families.map { "<a href=\"#\($0.key)\">\(Self.escape($0.key))</a>" }.joined(separator: " · ")
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Omoi: HTTP API</title>
            <meta name="viewport" content="width=device-width"><style>\(Self.style)</style></head><body>
            <h1>Omoi \(Gateway.version): HTTP API</h1>
            <p>For programs: <a href="/openapi.json">openapi.json</a>. Send <code>Authorization: Bearer</code> with a
            token, <code>Idempotency-Key</code> with everything that changes something.</p>
            <p>\(contents) · <a href="#problems">problems</a></p>
            \(families.map { section($0.key, $0.value) }.joined(separator: "\n"))
            \(Self.problems)
            </body></html>

            """
    }

    private func section(_ family: String, _ routes: [Route]) -> String {
        let articles = routes.sorted { ($0.path, $0.method.rawValue) < ($1.path, $1.method.rawValue) }.map(article)
        return "<h2 id=\"\(Self.escape(family))\">\(Self.escape(family))</h2>\n\(articles.joined(separator: "\n"))"
    }

    private func article(_ route: Route) -> String {
        var parts = [
            "<h3 id=\"\(route.operation)\"><b>\(route.method.rawValue)</b> \(Self.escape(route.documentedPath))</h3>",
            "<p>\(Self.escape(route.summary)).\(route.isDeprecated ? " <i>Deprecated.</i>" : "")"
                + " <small>\(route.demand.explanation)</small></p>",
        ]
        if let details = route.details { parts.append("<p>\(Self.escape(details))</p>") }
        if !route.query.isEmpty {
            let rows = route.query.map { parameter in
                Self.row(parameter.name, parameter.schema, parameter.description, parameter.isDeprecated)
            }
            parts.append("<h4>Query</h4><table>\(rows.joined())</table>")
        }
        if let body = route.body { parts.append("<h4>Body</h4>\(Self.table(of: body.schema))") }
        for answer in route.answers {
            parts.append("<h4>\(answer.status): \(Self.escape(answer.description))</h4>")
            if let schema = answer.schema { parts.append(Self.table(of: schema)) }
        }
        return "<article>\(parts.joined(separator: "\n"))</article>"
    }

    /// The fields of an object, or the kind of anything else.
    private static func table(of schema: Schema) -> String {
        switch schema {
        case .named(_, let inner): return table(of: inner)
        case .array(let element, _): return "<p>An array of:</p>\(table(of: element))"
        case .anyOf(let schemas): return schemas.map { table(of: $0) }.joined(separator: "<p>or</p>")
        case .object(let properties):
            let rows = properties.map { property in
                let note = [property.required ? "required" : nil, property.description].compactMap(\.self)
                return row(property.name, property.schema, note.joined(separator: "; "), property.isDeprecated)
            }
            return "<table>\(rows.joined())</table>"
        default: return "<p>\(escape(schema.words))</p>"
        }
    }

    private static func row(_ name: String, _ schema: Schema, _ note: String, _ isDeprecated: Bool) -> String {
        "<tr><td><code>\(escape(name))</code><td>\(escape(schema.words))<td>"
            + "\(isDeprecated ? "<i>deprecated</i> " : "")\(escape(note))</tr>"
    }

    private static var problems: String {
        let rows = Fault.Code.allCases.sorted { ($0.status, $0.rawValue) < ($1.status, $1.rawValue) }.map { code in
            "<tr><td>\(code.status)<td><code>\(code.rawValue)</code><td>\(escape(code.title))</tr>"
        }
        return "<h2 id=\"problems\">problems</h2><table>\(rows.joined())</table>"
    }

    private static let style = """
        body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
        color:#222;background:#fff}
        h2{margin-top:3rem;border-bottom:1px solid #ccc}h3{font:600 15px ui-monospace,monospace;margin:2rem 0 0}
        h3 b{display:inline-block;min-width:4.5rem;color:#06c}h4{margin:.6rem 0 .2rem;font-weight:600}p{margin:.2rem 0}
        table{border-collapse:collapse;width:100%}td{border-top:1px solid #eee;padding:.15rem .6rem .15rem 0;
        vertical-align:top}small{color:#666}
        @media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td{border-color:#333}a,h3 b{color:#6af}}
        """

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}

extension Schema {
    /// What values look like, in a few words.
    fileprivate var words: String {
        switch self {
        case .object: "object"
        case .array(let element, _): "array of \(element.words)"
        case .string: "text"
        case .identifier: "UUID"
        case .timestamp: "time"
        case .oneOf(let values): values.joined(separator: " | ")
        case .integer: "integer"
        case .number: "number"
        case .boolean: "true or false"
        case .map: "object"
        case .any: "any JSON"
        case .anyOf(let schemas): schemas.map(\.words).joined(separator: " or ")
        case .named(let name, _): name
        }
    }
}
