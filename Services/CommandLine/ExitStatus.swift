import Kernel

/// What the process ends with; stable, for scripts.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    case failure = 1
    /// Wrong arguments, or input the server refused as malformed or invalid.
    case usage = 2
    case notFound = 3
    case conflict = 4
    case notAuthorised = 5
    /// A part of the system cannot be reached or did not answer in time.
    case unavailable = 6

    /// The status for a refusal.
    package init(_ code: Fault.Code) {
        switch code {
        case .malformed, .invalid, .tooLarge, .unsupportedMedia: self = .usage
        case .notFound, .gone, .nothingToClaim: self = .notFound
        case .conflict, .versionConflict, .ticketDone, .tasksOpen, .limitReached, .transitionRefused,
            .dependencyCycle, .attemptSuperseded, .attemptCancelled, .idempotencyMismatch, .idempotencyInProgress,
            .preconditionFailed:
            self = .conflict
        case .unauthenticated, .forbidden: self = .notAuthorised
        case .unavailable, .timeout, .rateLimited: self = .unavailable
        case .methodNotAllowed, .evidenceMissing, .resyncRequired, .internalError: self = .failure
        }
    }

    /// For `--help`.
    package static let discussion = """
        Exit status: 0 done, 1 failed, 2 wrong arguments or input, 3 not found, 4 conflict with the current state, \
        5 not authorised, 6 a part of the system is away.
        """
}
