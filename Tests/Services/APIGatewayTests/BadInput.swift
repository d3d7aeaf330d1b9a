import Kernel
import Testing

/// A request that must be refused, and how.
struct BadInput: Sendable, CustomTestStringConvertible {
    var name: String
    var method = "POST"
    var path: String
    var body: String?
    var status: Int
    var code: Fault.Code
    var says: String
    var testDescription: String { name }

    static let all = [
        BadInput(
            name: "unknown field",
            path: "tickets",
            body: #"{"project_id":"{project}","title":"x","colour":1}"#,
            status: 422,
            code: .invalid,
            says: "colour"
        ),
        BadInput(
            name: "wrong type",
            path: "tickets",
            body: #"{"project_id":"{project}","title":7}"#,
            status: 422,
            code: .invalid,
            says: "title: must be a string, not an integer"
        ),
        BadInput(
            name: "missing field",
            path: "tickets",
            body: #"{"title":"x"}"#,
            status: 422,
            code: .invalid,
            says: "project_id: is required"
        ),
        BadInput(
            name: "unknown value",
            path: "tickets/{ticket}/transition",
            body: #"{"to_status":"gone"}"#,
            status: 422,
            code: .invalid,
            says: "must be one of backlog"
        ),
        BadInput(
            name: "not a UUID",
            path: "tasks",
            body: #"{"ticket_id":"x","title":"x"}"#,
            status: 422,
            code: .invalid,
            says: "must be a UUID"
        ),
        BadInput(
            name: "malformed JSON",
            path: "tickets",
            body: #"{"project_id":"#,
            status: 400,
            code: .malformed,
            says: "could not be read"
        ),
        BadInput(
            name: "an array for an object",
            path: "projects",
            body: "[]",
            status: 422,
            code: .invalid,
            says: "must be an object"
        ),
        BadInput(
            name: "oversize body",
            path: "tickets",
            body: String(repeating: " ", count: Limits.requestBytes + 1),
            status: 413,
            code: .tooLarge,
            says: "\(Limits.requestBytes)"
        ),
        BadInput(
            name: "unknown project",
            path: "tickets",
            body: #"{"project_id":"0199aaaa-0000-7000-8000-000000000000","title":"x"}"#,
            status: 404,
            code: .notFound,
            says: "no project"
        ),
        BadInput(
            name: "unknown ticket by id",
            method: "GET",
            path: "tickets/0199aaaa-0000-7000-8000-000000000000",
            status: 404,
            code: .notFound,
            says: "no ticket"
        ),
        BadInput(
            name: "unknown ticket by key",
            method: "GET",
            path: "tickets/NONE-1",
            status: 404,
            code: .notFound,
            says: "NONE-1"
        ),
        BadInput(
            name: "unknown task",
            method: "GET",
            path: "tasks/nonsense",
            status: 404,
            code: .notFound,
            says: "no task"
        ),
        BadInput(
            name: "unknown task of a command",
            path: "tasks/0199aaaa-0000-7000-8000-000000000000/retry",
            status: 404,
            code: .notFound,
            says: "no task"
        ),
        BadInput(
            name: "unknown route",
            method: "GET",
            path: "nothing/here",
            status: 404,
            code: .notFound,
            says: "/api/v1/nothing/here"
        ),
        BadInput(
            name: "wrong method",
            method: "DELETE",
            path: "projects",
            status: 405,
            code: .methodNotAllowed,
            says: "GET"
        ),
        BadInput(
            name: "unknown query parameter",
            method: "GET",
            path: "tickets?projekt=1",
            status: 422,
            code: .invalid,
            says: "projekt: is not a known query parameter; known: cursor, label"
        ),
        BadInput(
            name: "query parameter of a route without any",
            method: "GET",
            path: "projects/{project}?limit=1",
            status: 422,
            code: .invalid,
            says: "known: none"
        ),
        BadInput(
            name: "query parameter twice",
            method: "GET",
            path: "tickets?limit=1&limit=2",
            status: 422,
            code: .invalid,
            says: "limit: is given more than once"
        ),
        BadInput(
            name: "agents",
            method: "GET",
            path: "agents",
            status: 410,
            code: .gone,
            says: "/api/v1/sandboxes"
        ),
        BadInput(
            name: "something of an agent",
            path: "agents/1/heartbeat",
            body: "{}",
            status: 410,
            code: .gone,
            says: "/api/v1/sandboxes"
        ),
        BadInput(
            name: "limit of zero",
            method: "GET",
            path: "tickets?limit=0",
            status: 422,
            code: .invalid,
            says: "from 1 to 200"
        ),
        BadInput(
            name: "foreign cursor",
            method: "GET",
            path: "tickets?cursor=abc",
            status: 422,
            code: .invalid,
            says: "next_cursor"
        ),
        BadInput(
            name: "unknown status of a filter",
            method: "GET",
            path: "tasks?status=lost",
            status: 422,
            code: .invalid,
            says: "must be one of"
        ),
        BadInput(
            name: "board of an unknown project",
            method: "GET",
            path: "board/view?project_id=0199aaaa-0000-7000-8000-000000000000",
            status: 404,
            code: .notFound,
            says: "no project"
        ),
        BadInput(
            name: "dead letters of an unknown service",
            method: "GET",
            path: "dead-letters?service=x",
            status: 422,
            code: .invalid,
            says: "event-relay"
        ),
    ]
}
