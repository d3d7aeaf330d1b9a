import Contracts
import Kernel

extension TicketRulesController {
    var routes: [Route] { changes + blocks + reviews + work }

    private var changes: [Route] {
        [
            Route(
                .patch,
                "tickets/{id}",
                operation: "updateTicket",
                summary: "Change a ticket",
                details: """
                    A status moves the ticket through the same rules as transition; unlike in the earlier system it \
                    cannot bypass them. blocked_by replaces the list. archived cancels its tasks.
                    """,
                demand: .write,
                body: Schemas.ticketPatch,
                heedsIfMatch: true,
                answers: [.entity(Shapes.ticket)],
                handle: update
            ),
            Route(
                .delete,
                "tickets/{id}",
                operation: "archiveTicket",
                summary: "Archive a ticket",
                details: "Its tasks are cancelled and their sandboxes stopped. Nothing is deleted.",
                demand: .write,
                heedsIfMatch: true,
                answers: [.entity(Shapes.ticket)],
                handle: archive
            ),
        ]
    }

    private var blocks: [Route] {
        [
            Route(
                .post,
                "tickets/{id}/block",
                operation: "blockTicket",
                summary: "Hold a ticket",
                details: "None of its tasks starts until it is unblocked. A ticket that is done is answered 409.",
                demand: .write,
                query: [
                    QueryParameter("blocker_type", .oneOf(BlockerType.names), "Why", isRequired: true),
                    QueryParameter(
                        "suggested_remediation",
                        .string(max: Limits.reasonLength),
                        "What would help; kept as the block's detail"
                    ),
                ],
                heedsIfMatch: true,
                answers: [.entity(Shapes.ticket)],
                handle: block
            ),
            Route(
                .post,
                "tickets/{id}/unblock",
                operation: "unblockTicket",
                summary: "Lift a block",
                details: """
                    A ticket that is not blocked, and one whose cause is still there, are answered 409 with what \
                    helps. After a rejection it asks for another review.
                    """,
                demand: .write,
                heedsIfMatch: true,
                answers: [.entity(Shapes.ticket)],
                handle: unblock
            ),
            Route(
                .post,
                "tickets/{id}/regress",
                operation: "regressTicket",
                summary: "Send a ticket back to building",
                details: """
                    Begins the next round: a rework task carries the feedback, tasks of later phases are done again \
                    after it. After three rounds the ticket is blocked and the answer is 409.
                    """,
                demand: .write,
                query: [
                    QueryParameter("to_status", .cases(of: TicketStatus.self), "Where to", isRequired: true),
                    QueryParameter(
                        "validation_feedback",
                        .string(max: Limits.reasonLength),
                        "What has to be done differently"
                    ),
                    QueryParameter("force", .boolean, "Cancel tasks that are being worked on; for administrators"),
                ],
                heedsIfMatch: true,
                answers: [.entity(Shapes.ticket)],
                handle: regress
            ),
            Route(
                .post,
                "tickets/detect-blocking",
                operation: "detectBlocking",
                summary: "Block the tickets that stand still",
                details: """
                    The clock does the same. A ticket stands still when nothing of it has changed for the project's \
                    blocking_minutes and nothing will by itself; tickets of the backlog never do.
                    """,
                demand: .write,
                query: [.project],
                answers: [.ok(Shapes.blockingReport)],
                handle: detectBlocking
            ),
        ]
    }

    private var reviews: [Route] {
        [
            Route(
                .post,
                "tickets/approve",
                operation: "approveTicket",
                summary: "Approve a ticket, or leaving its phase",
                demand: .write,
                query: [QueryParameter("approver_id", .text, "The token says who decides", isDeprecated: true)],
                body: Schemas.ticketApproval,
                answers: [.ok(Shapes.reviewDecision)],
                handle: approve
            ),
            Route(
                .post,
                "tickets/reject",
                operation: "rejectTicket",
                summary: "Reject a ticket, or leaving its phase",
                details: "The project's on_reject says whether the ticket is blocked or archived; it is never deleted.",
                demand: .write,
                query: [QueryParameter("rejector_id", .text, "The token says who decides", isDeprecated: true)],
                body: Schemas.ticketRejection,
                answers: [.ok(Shapes.reviewDecision)],
                handle: reject
            ),
            Route(
                .get,
                "tickets/pending-review-count",
                operation: "countPendingReviews",
                summary: "How many tickets wait for a decision",
                demand: .read,
                query: [.project],
                answers: [.ok(Shapes.pendingReviews)],
                handle: pendingReviews
            ),
            Route(
                .get,
                "tickets/approval-status",
                operation: "getApprovalStatus",
                summary: "The review of a ticket",
                demand: .read,
                query: [QueryParameter("ticket_id", .text, "Id or key", isRequired: true)],
                answers: [.ok(Shapes.approvalStatus)],
                handle: approvalStatus
            ),
        ]
    }

    private var work: [Route] {
        [
            Route(
                .post,
                "tickets/{id}/progress",
                operation: "progressTicket",
                summary: "Let a ticket go on if it can",
                details: "Tickets go on by themselves; this says what keeps one.",
                demand: .write,
                answers: [.ok(Shapes.progress)],
                handle: progress
            ),
            Route(
                .post,
                "tickets/{id}/check-phase-completion",
                operation: "checkPhaseCompletion",
                summary: "Whether the tasks of the phase are finished, and what that led to",
                demand: .write,
                answers: [.ok(Shapes.advance)],
                handle: checkCompletion
            ),
            Route(
                .get,
                "tickets/{id}/context",
                operation: "getTicketContext",
                summary: "What is known about a ticket, gathered for people and agents",
                demand: .read,
                answers: [.ok(Shapes.ticketContext)],
                handle: showContext
            ),
            Route(
                .post,
                "tickets/{id}/update-context",
                operation: "updateTicketContext",
                summary: "Note what a phase brought",
                demand: .write,
                query: [
                    QueryParameter("phase_id", .cases(of: Phase.self), "Whose tasks are summed up", isRequired: true)
                ],
                body: Schemas.ticketContext,
                optionalBody: true,
                answers: [.ok(Shapes.contextUpdated)],
                handle: updateContext
            ),
            Route(
                .post,
                "tickets/{id}/spawn-phase-tasks",
                operation: "spawnPhaseTasks",
                summary: "Make the usual tasks of a phase that are not there",
                demand: .write,
                query: [QueryParameter("phase_id", .cases(of: Phase.self), "Default: the ticket's own")],
                answers: [.ok(Shapes.phaseTasks)],
                handle: spawnTasks
            ),
        ]
    }
}
