/// The one error of the application: a failure that is understood and may be told to the caller.
///
/// It is translated in exactly two places: to an HTTP problem response (RFC 9457), and to ack, park or dead letter of a
/// message. Any other error that reaches those places is a bug and is reported as ``Code/internalError``.
package struct Fault: Error, Sendable, Equatable {
    /// What went wrong, for programs. The raw value is the `code` member of problem responses and stable forever.
    package enum Code: String, Sendable, Codable, CaseIterable {
        case malformed = "malformed-request"
        case unauthenticated = "unauthenticated"
        case forbidden = "forbidden"
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case conflict = "conflict"
        case versionConflict = "version-conflict"
        case ticketDone = "ticket-done"
        case tasksOpen = "tasks-open"
        case limitReached = "wip-limit-reached"
        case transitionRefused = "transition-refused"
        case dependencyCycle = "dependency-cycle"
        case attemptSuperseded = "attempt-superseded"
        case attemptCancelled = "attempt-cancelled"
        case evidenceMissing = "evidence-missing"
        case nothingToClaim = "nothing-to-claim"
        case idempotencyMismatch = "idempotency-key-reused"
        case idempotencyInProgress = "idempotency-key-in-progress"
        case gone = "gone"
        case resyncRequired = "resync-required"
        case preconditionFailed = "precondition-failed"
        case tooLarge = "body-too-large"
        case unsupportedMedia = "unsupported-media-type"
        case invalid = "invalid-field"
        case rateLimited = "rate-limited"
        case internalError = "internal-error"
        case unavailable = "unavailable"
        case timeout = "deadline-exceeded"
    }

    /// One refused field of a request.
    package struct FieldError: Sendable, Codable, Equatable {
        /// Where in the body: `title`, `tasks[2].depends_on[0]`, or the name of a query parameter.
        package var field: String
        /// What is wrong and what would be right.
        package var message: String

        package init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    package var code: Code
    /// Safe to show to a user: says what is wrong and what to do, never contains payloads or secrets.
    package var message: String
    package var errors: [FieldError]
    /// When it makes sense to try again; nil when the same request can never succeed.
    package var retryAfter: Duration?
    /// For logs only.
    package var cause: String?

    package init(
        _ code: Code,
        _ message: String,
        errors: [FieldError] = [],
        retryAfter: Duration? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.errors = errors
        self.retryAfter = retryAfter
        self.cause = cause.map { String(describing: $0) }
    }

    /// A refused field.
    package static func invalid(_ field: String, _ message: String) -> Fault {
        Fault(.invalid, "\(field): \(message)", errors: [FieldError(field: field, message: message)])
    }

    /// An entity that does not exist or that the caller may not see.
    package static func notFound(_ kind: String, _ id: some CustomStringConvertible) -> Fault {
        Fault(.notFound, "no \(kind) '\(id)'")
    }
}

extension Fault.Code {
    /// The HTTP status of a problem response with this code.
    package var status: Int {
        switch self {
        case .malformed: 400
        case .unauthenticated: 401
        case .forbidden: 403
        case .notFound, .nothingToClaim: 404
        case .methodNotAllowed: 405
        case .conflict, .versionConflict, .ticketDone, .tasksOpen, .limitReached, .transitionRefused,
            .dependencyCycle, .attemptSuperseded, .attemptCancelled, .idempotencyInProgress:
            409
        case .gone, .resyncRequired: 410
        case .preconditionFailed: 412
        case .tooLarge: 413
        case .unsupportedMedia: 415
        case .invalid, .idempotencyMismatch, .evidenceMissing: 422
        case .rateLimited: 429
        case .internalError: 500
        case .unavailable: 503
        case .timeout: 504
        }
    }

    /// The `title` of a problem response: the same for every occurrence of the code.
    package var title: String {
        switch self {
        case .malformed: "The request could not be read"
        case .unauthenticated: "A valid bearer token is needed"
        case .forbidden: "The token does not allow this"
        case .notFound: "Not found"
        case .methodNotAllowed: "The resource does not support this method"
        case .conflict: "The request conflicts with the current state"
        case .versionConflict: "Somebody else changed it first"
        case .ticketDone: "The ticket is done"
        case .tasksOpen: "Tasks are still open"
        case .limitReached: "The column has no room"
        case .transitionRefused: "The ticket may not move there"
        case .dependencyCycle: "The dependencies form a cycle"
        case .attemptSuperseded: "A newer attempt has taken over"
        case .attemptCancelled: "The attempt was cancelled"
        case .evidenceMissing: "The result lacks required evidence"
        case .nothingToClaim: "No task is ready"
        case .idempotencyMismatch: "The idempotency key was used for another request"
        case .idempotencyInProgress: "The first request with this idempotency key is still running"
        case .gone: "This is gone"
        case .resyncRequired: "The history no longer reaches back that far"
        case .preconditionFailed: "The entity has changed since it was read"
        case .tooLarge: "The request body is too large"
        case .unsupportedMedia: "The content type is not supported"
        case .invalid: "A field has an invalid value"
        case .rateLimited: "Too many requests"
        case .internalError: "An internal error"
        case .unavailable: "A part of the system is away"
        case .timeout: "The deadline passed"
        }
    }
}
