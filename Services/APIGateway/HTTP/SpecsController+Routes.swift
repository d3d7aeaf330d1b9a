import Contracts
import Kernel

// What the routes of specs are called, take and answer.
extension SpecsController {
    var readingRoutes: [Route] {
        [
            Route(
                .get,
                "specs/project/{id}",
                operation: "listSpecs",
                summary: "Specs of a project, newest first",
                demand: .read,
                query: [
                    QueryParameter("status", .cases(of: Spec.Status.self), "Only with this status"),
                    QueryParameter("include_archived", .boolean, "Changes nothing", isDeprecated: true),
                ] + .page,
                answers: [.ok(Shapes.specList, "A page; next_cursor leads to the next one")],
                handle: list
            ),
            Route(
                .get,
                "specs/{id}",
                operation: "getSpec",
                summary: "One spec with its tasks and progress",
                details: """
                    The figures come from the results that completed its tasks; tests are the project's checks. \
                    test_coverage is not measured by anything yet: 0.
                    """,
                demand: .read,
                answers: [.entity(Shapes.spec)],
                handle: show
            ),
            Route(
                .get,
                "specs/{id}/tasks",
                operation: "listSpecTasks",
                summary: "The spec's tasks, oldest first",
                details: "Real tasks; one that was done again appears once, as its newest.",
                demand: .read,
                answers: [.ok(.list(of: Shapes.specTask))],
                handle: tasks
            ),
            Route(
                .get,
                "specs/{id}/trace",
                operation: "traceSpec",
                summary: "From requirement to criterion, ticket, task, attempt and commit",
                demand: .read,
                answers: [.ok(Shapes.specTrace)],
                handle: trace
            ),
            Route(
                .get,
                "specs/{id}/versions",
                operation: "listSpecVersions",
                summary: "Every edit, newest first, with what it affects",
                demand: .read,
                query: .page,
                answers: [.ok(Shapes.specVersions, "A page; next_cursor leads to the next one")],
                handle: versions
            ),
        ]
    }

    var specRoutes: [Route] {
        [
            Route(
                .post,
                "specs",
                operation: "createSpec",
                summary: "Create a spec",
                details: """
                    With analyze, a ticket is created as well whose agent writes requirements, design and tasks; what \
                    it proposes is held until a person approves it.
                    """,
                demand: .write,
                body: Schemas.specCreate,
                answers: [.created(Shapes.spec)],
                handle: create
            ),
            Route(
                .patch,
                "specs/{id}",
                operation: "updateSpec",
                summary: "Change title or description, or give the spec up",
                details: """
                    Status and phase follow from the approvals and the work; the earlier system let them be set \
                    against both. Taken are failed, and the values they have anyway.
                    """,
                demand: .write,
                body: Schemas.specPatch,
                heedsIfMatch: true,
                answers: [.entity(Shapes.spec)],
                handle: update
            ),
            Route(
                .delete,
                "specs/{id}",
                operation: "deleteSpec",
                summary: "Delete a spec",
                details: "Tickets that still wait for its approval are archived; work that has begun stays.",
                demand: .write,
                heedsIfMatch: true,
                answers: [.ok(Shapes.message)],
                handle: delete
            ),
        ]
    }

    var requirementRoutes: [Route] {
        [
            Route(
                .post,
                "specs/{id}/requirements",
                operation: "addRequirement",
                summary: "Add a requirement: when condition, the system shall action",
                details: Self.withdrawal,
                demand: .plan,
                body: Schemas.requirementCreate,
                heedsIfMatch: true,
                answers: [.created(Shapes.requirement)],
                handle: addRequirement
            ),
            Route(
                .patch,
                "specs/{id}/requirements/{requirement_id}",
                operation: "updateRequirement",
                summary: "Change a requirement",
                details: Self.withdrawal,
                demand: .plan,
                body: Schemas.requirementPatch,
                heedsIfMatch: true,
                answers: [.entity(Shapes.requirement)],
                handle: updateRequirement
            ),
            Route(
                .delete,
                "specs/{id}/requirements/{requirement_id}",
                operation: "deleteRequirement",
                summary: "Remove a requirement with its criteria",
                details: Self.withdrawal,
                demand: .plan,
                heedsIfMatch: true,
                answers: [.entity(Shapes.message)],
                handle: removeRequirement
            ),
        ]
    }

    var criterionRoutes: [Route] {
        let path = "specs/{id}/requirements/{requirement_id}/criteria"
        return [
            Route(
                .post,
                path,
                operation: "addCriterion",
                summary: "Add an acceptance criterion",
                details: Self.withdrawal,
                demand: .plan,
                body: Schemas.criterionCreate,
                heedsIfMatch: true,
                answers: [.created(Shapes.criterion)],
                handle: addCriterion
            ),
            Route(
                .patch,
                "\(path)/{criterion_id}",
                operation: "updateCriterion",
                summary: "Change a criterion, or tick it off",
                details: Self.withdrawal,
                demand: .plan,
                body: Schemas.criterionPatch,
                heedsIfMatch: true,
                answers: [.entity(Shapes.criterion)],
                handle: updateCriterion
            ),
            Route(
                .delete,
                "\(path)/{criterion_id}",
                operation: "deleteCriterion",
                summary: "Remove a criterion",
                details: Self.withdrawal,
                demand: .plan,
                heedsIfMatch: true,
                answers: [.entity(Shapes.message)],
                handle: removeCriterion
            ),
        ]
    }

    var workRoutes: [Route] {
        [
            Route(
                .put,
                "specs/{id}/design",
                operation: "setDesign",
                summary: "Replace the design",
                details: "A changed design loses its approval.",
                demand: .plan,
                body: Schemas.designBody,
                heedsIfMatch: true,
                answers: [.entity(Shapes.design)],
                handle: setDesign
            ),
            Route(
                .post,
                "specs/{id}/approve-requirements",
                operation: "approveRequirements",
                summary: "Approve the requirements",
                details: "Refused without requirements, and when they are approved already: of two approvals one wins.",
                demand: .write,
                heedsIfMatch: true,
                answers: [.entity(Shapes.message)],
                handle: approveRequirements
            ),
            Route(
                .post,
                "specs/{id}/approve-design",
                operation: "approveDesign",
                summary: "Approve the design",
                details: "Only after the requirements; the earlier system took approvals in any order.",
                demand: .write,
                heedsIfMatch: true,
                answers: [.entity(Shapes.message)],
                handle: approveDesign
            ),
        ]
    }

    var taskRoutes: [Route] {
        [
            Route(
                .post,
                "specs/{id}/tasks",
                operation: "createSpecTask",
                summary: "Create a real task for the spec",
                details: """
                    In the ticket that is named, else in the spec's own, which waits in the backlog until the spec is \
                    materialized. The earlier system wrote a row here that nothing ever executed.
                    """,
                demand: .plan,
                body: Schemas.specTaskCreate,
                heedsIfMatch: true,
                answers: [.created(Shapes.specTask)],
                handle: createTask
            ),
            Route(
                .post,
                "specs/{id}/materialize",
                operation: "materializeSpec",
                summary: "Let the spec's tickets start",
                details: "Needs an approved design. Asking again lets go what came in between.",
                demand: .write,
                heedsIfMatch: true,
                answers: [.entity(Shapes.specMaterialization)],
                handle: materialize
            ),
        ]
    }

    private static let withdrawal =
        "An edit of what was approved takes the approvals back; the versions say what it affects."
}
