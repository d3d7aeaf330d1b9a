import Contracts
import Kernel

extension PhasesController {
    var routes: [Route] { definitions + gateRoutes + moves }

    private var definitions: [Route] {
        let one = [Route.Answer.ok(Shapes.phase)]
        let all = [Route.Answer.ok(.list(of: Shapes.phase))]
        return [
            Route(
                .get,
                "phases",
                operation: "listPhases",
                summary: "The phases in the order of work",
                demand: .read,
                answers: all,
                needsReadModel: false,
                handle: list
            ),
            Route(
                .get,
                "phases/{phase_id}",
                operation: "getPhase",
                summary: "One phase",
                demand: .read,
                answers: one,
                needsReadModel: false,
                handle: show
            ),
            Route(
                .get,
                "phases/gates",
                operation: "listGates",
                summary: "What a project's gates require",
                demand: .read,
                query: [.project],
                answers: [.ok(Shapes.phaseGates)],
                handle: gates
            ),
            Route(
                .get,
                "phases/tickets/{id}",
                operation: "getTicketPhase",
                summary: "What the gate of its phase says about a ticket",
                demand: .read,
                query: [Self.phase],
                answers: [.ok(Shapes.gateReport)],
                handle: gate
            ),
            Route(
                .get,
                "configs",
                operation: "listPhaseConfigurations",
                summary: "The phases, under their earlier path",
                demand: .read,
                answers: all,
                needsReadModel: false,
                handle: list
            ),
            Route(
                .get,
                "configs/{phase_id}",
                operation: "getPhaseConfiguration",
                summary: "One phase, under its earlier path",
                demand: .read,
                answers: one,
                needsReadModel: false,
                handle: show
            ),
        ]
    }

    private static let phase = QueryParameter("phase_id", .cases(of: Phase.self), "Default: the ticket's own")
    private static let forcing = [
        QueryParameter("reason", .string(max: Limits.reasonLength), "Why, for the history"),
        QueryParameter("force", .boolean, "Pass every objection; for administrators, and recorded"),
    ]

    private var gateRoutes: [Route] {
        [
            Route(
                .post,
                "tickets/{id}/validate-gate",
                operation: "validateGate",
                summary: "Judge the gate of a phase",
                demand: .read,
                query: [Self.phase],
                answers: [.ok(Shapes.gateReport)],
                handle: gate
            ),
            Route(
                .get,
                "tickets/{id}/gate-status",
                operation: "getGateStatus",
                summary: "What the gate of a phase lacks",
                demand: .read,
                query: [Self.phase],
                answers: [.ok(Shapes.gateReport)],
                handle: gate
            ),
            Route(
                .post,
                "tickets/{id}/artifacts",
                operation: "addArtifact",
                summary: "Add a piece of evidence",
                details:
                    "Results bring evidence by themselves. The path names a file of the repository; it is not read.",
                demand: .write,
                body: Schemas.artifactCreate,
                answers: [
                    Route.Answer(
                        status: 201,
                        schema: Shapes.artifact,
                        description: "Created",
                        headers: ["Location"]
                    )
                ],
                handle: addArtifact
            ),
            Route(
                .get,
                "tickets/{id}/artifacts",
                operation: "listArtifacts",
                summary: "The evidence of a ticket, oldest first",
                demand: .read,
                answers: [.ok(Shapes.artifacts)],
                handle: artifacts
            ),
        ]
    }

    private var moves: [Route] {
        [
            Route(
                .post,
                "tickets/{id}/phase-transition",
                operation: "changePhase",
                summary: "Move a ticket to a phase",
                details: "The same rules as every other move; makes the phase's usual tasks when it has none.",
                demand: .write,
                body: Schemas.phaseTransition,
                heedsIfMatch: true,
                answers: [.ok(Shapes.phaseChange)],
                handle: transition
            ),
            Route(
                .post,
                "tickets/{id}/fast-track",
                operation: "fastTrackTicket",
                summary: "Move a ticket to implementation",
                demand: .write,
                query: Self.forcing,
                heedsIfMatch: true,
                answers: [.ok(Shapes.phaseChange)],
                handle: fastTrack
            ),
            Route(
                .post,
                "tickets/{id}/complete",
                operation: "completeTicket",
                summary: "Move a ticket to done",
                demand: .write,
                query: Self.forcing,
                heedsIfMatch: true,
                answers: [.ok(Shapes.phaseChange)],
                handle: complete
            ),
            Route(
                .post,
                "tickets/{id}/check-advance",
                operation: "checkAdvance",
                summary: "Let a ticket go on if it can, and say what keeps it",
                demand: .write,
                answers: [.ok(Shapes.advance)],
                handle: checkAdvance
            ),
            Route(
                .get,
                "tickets/{id}/can-transition/{to_phase}",
                operation: "canTransition",
                summary: "Whether a ticket may move to a phase, and what speaks against it",
                demand: .read,
                answers: [.ok(Shapes.phaseCheck)],
                handle: canTransition
            ),
        ]
    }
}
