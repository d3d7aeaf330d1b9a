import Contracts
import Kernel
import Testing

@testable import APIGateway

/// The rules of tickets, phases and gates over HTTP: parameters, bodies, refusals, shapes.
@Suite(.gateway, .serialized, .timeLimit(.minutes(2)))
struct TicketRulesHTTPTests {
    @Test func `a ticket is changed under its version`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/tickets/\(ticket.key)"
        let changed = try await api.outcome("PATCH", path, #"{"title":"Another","labels":["a"]}"#)
        #expect(changed.status == 200)
        #expect(changed.response.header("ETag") == "\"v\(ticket.version + 1)\"")
        let shown: Ticket = try await api.get(path)
        #expect(shown.title == "Another")
        var late = api
        late.headers = [("If-Match", "\"v1\"")]
        let stale = try await late.outcome("PATCH", path, #"{"title":"x"}"#)
        #expect(stale.status == 412)
        for body in [#"{"phase":"x"}"#, #"{"status":"nowhere"}"#, #"{"title":""}"#, "[]"] {
            #expect(try await api.outcome("PATCH", path, body).code == .invalid, "\(body)")
        }
        #expect(try await fixture.api(fixture.viewer).outcome("PATCH", path, "{}").code == .forbidden)
        #expect(try await api.outcome("DELETE", path).status == 200)
    }

    @Test func `block, unblock and regress take their parameters from the query`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/tickets/\(ticket.id)"
        let blocked = try await api.outcome(
            "POST",
            path + "/block?blocker_type=waiting_on_clarification&suggested_remediation=ask"
        )
        let answer: Ticket = try ContractCoder.decode(from: blocked.response.body)
        #expect(answer.block?.reason == .needsInput)
        #expect(answer.block?.detail == "ask")
        #expect(try await api.outcome("POST", path + "/block").code == .invalid)
        #expect(try await api.outcome("POST", path + "/block?blocker_type=tired").code == .invalid)
        #expect(try await api.outcome("POST", path + "/block?blocker_type=manual&x=1").code == .invalid)
        #expect(try await api.outcome("POST", path + "/unblock").status == 200)
        #expect(try await api.outcome("POST", path + "/unblock").code == .conflict)
        let regressed = try await api.outcome("POST", path + "/regress?to_status=building&validation_feedback=no")
        #expect(regressed.status == 200)
        #expect(try await api.outcome("POST", path + "/regress").code == .invalid)
        let long = String(repeating: "x", count: Limits.reasonLength + 1)
        #expect(
            try await api.outcome("POST", path + "/regress?to_status=building&validation_feedback=\(long)").code
                == .invalid
        )
        #expect(try await api.outcome("POST", "/api/v1/tickets/NO-1/unblock").code == .notFound)
    }

    @Test func `defect 20: the static routes of reviews are reached`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let count = "/api/v1/tickets/pending-review-count?project_id=\(project.id)"
        let none: [String: Int] = try await api.get(count)
        #expect(none == ["pending_count": 0])
        let wait = try fixture.workflow.state.withLock { state in
            var ticket = try #require(state.tickets[ticket.id])
            fixture.workflow.askForReview(&ticket, at: .now())
            state.tickets[ticket.id] = ticket
            return ticket
        }
        // Any change shows it.
        _ = try await api.outcome("PATCH", "/api/v1/tickets/\(ticket.id)", #"{"title":"t"}"#)
        let one: [String: Int] = try await api.get(count)
        #expect(one == ["pending_count": 1])
        let status: ApprovalReport = try await api.get("/api/v1/tickets/approval-status?ticket_id=\(ticket.key)")
        #expect(status.approvalStatus == .pendingReview)
        #expect(status.deadlineAt == wait.approvalDeadlineAt)
        #expect(try await api.outcome("GET", "/api/v1/tickets/approval-status").code == .invalid)
        let body = #"{"ticket_id":"\#(ticket.id)"}"#
        let approved = try await api.outcome("POST", "/api/v1/tickets/approve?approver_id=api_user", body)
        #expect(approved.text == #"{"status":"approved","ticket_id":"\#(ticket.id)"}"#)
        #expect(try await api.outcome("POST", "/api/v1/tickets/reject", body).code == .invalid)
        let rejection = #"{"ticket_id":"\#(ticket.id)","rejection_reason":"no"}"#
        #expect(try await api.outcome("POST", "/api/v1/tickets/reject", rejection).status == 200)
        let stranger = fixture.api(try fixture.workflow.token(.member, project: .make()))
        #expect(try await stranger.outcome("POST", "/api/v1/tickets/approve", body).code == .notFound)
        let unseen: [String: Int] = try await stranger.get("/api/v1/tickets/pending-review-count")
        #expect(unseen == ["pending_count": 0])
    }

    @Test func `progress, standstill and context are told`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, task) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/tickets/\(ticket.id)"
        let progress = try await api.outcome("POST", path + "/progress")
        #expect(progress.text.contains(#""status":"no_progression""#))
        for route in ["/check-phase-completion", "/check-advance"] {
            let report: AdvanceReport = try ContractCoder.decode(
                from: try await api.outcome("POST", path + route).response.body
            )
            #expect(!report.advanced)
            #expect(report.currentPhase == .backlog)
        }
        let detected = try await api.outcome("POST", "/api/v1/tickets/detect-blocking?project_id=\(project.id)")
        #expect(detected.text.contains(#""detected":1"#))
        let update = #"{"context":{"owner":"ann"},"summary":"half done"}"#
        let updated = try await api.outcome("POST", path + "/update-context?phase_id=PHASE_DESIGN", update)
        #expect(updated.text == #"{"status":"updated"}"#)
        #expect(try await api.outcome("POST", path + "/update-context?phase_id=PHASE_DESIGN").status == 200)
        #expect(try await api.outcome("POST", path + "/update-context").code == .invalid)
        _ = try await api.outcome("POST", path + "/update-context?phase_id=PHASE_DESIGN", update)
        let context: TicketContextView = try await api.get(path + "/context")
        #expect(context.summary == "half done")
        #expect(context.fullContext["owner"] == .string("ann"))
        guard case .array(let tasks)? = context.fullContext["tasks"] else { throw Fault(.internalError, "no tasks") }
        #expect(tasks.count == 1)
        #expect("\(tasks)".contains(task.title))
        let spawned = try await api.outcome("POST", path + "/spawn-phase-tasks?phase_id=PHASE_TESTING")
        #expect(spawned.text.contains(#""tasks_spawned":0"#))
    }

    @Test func `phases, gates and evidence`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let phases: [PhaseDefinition] = try await api.get("/api/v1/phases")
        #expect(phases.map(\.id) == Phase.allCases)
        #expect(phases[4].allowedTransitions == [.testing, .done, .implementation])
        let one: PhaseDefinition = try await api.get("/api/v1/phases/PHASE_TESTING")
        #expect(one == phases[5])
        let configuration: PhaseDefinition = try await api.get("/api/v1/configs/PHASE_TESTING")
        #expect(configuration == one)
        #expect(try await api.outcome("GET", "/api/v1/configs").status == 200)
        #expect(try await api.outcome("GET", "/api/v1/phases/PHASE_PARTY").code == .notFound)
        #expect(try await api.outcome("GET", "/api/v1/phases/gates?project_id=\(project.id)").status == 200)
        #expect(try await api.outcome("GET", "/api/v1/phases/gates").code == .invalid)
        #expect(try await api.outcome("GET", "/api/v1/phases/gates?project_id=\(Identifier.make())").code == .notFound)

        let path = "/api/v1/tickets/\(ticket.id)"
        for (method, route) in [
            ("POST", path + "/validate-gate?phase_id=PHASE_TESTING"),
            ("GET", path + "/gate-status?phase_id=PHASE_TESTING"),
            ("GET", "/api/v1/phases/tickets/\(ticket.key)?phase_id=PHASE_TESTING"),
        ] {
            let report: GateReport = try ContractCoder.decode(
                from: try await api.outcome(method, route).response.body
            )
            #expect(report.phase == .testing)
            #expect(report.missingArtifacts == ["test_coverage"])
            #expect(report.verdict == .failed)
        }
        let evidence = #"{"phase_id":"PHASE_TESTING","artifact_type":"t","artifact_content":{"a":1}}"#
        let made = try await api.outcome("POST", path + "/artifacts", evidence)
        #expect(made.status == 201)
        #expect(made.response.header("Location") == path + "/artifacts")
        #expect(try await api.outcome("POST", path + "/artifacts", #"{"artifact_type":"t"}"#).code == .invalid)
        #expect(try await api.outcome("GET", path + "/artifacts").status == 200)
    }

    @Test func `defect 20: moves between phases, fast-track and complete`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/tickets/\(ticket.id)"
        let check: PhaseCheck = try await api.get(path + "/can-transition/PHASE_DONE")
        #expect(!check.canTransition)
        #expect(try await api.outcome("GET", path + "/can-transition/PHASE_PARTY").code == .notFound)
        let body = #"{"to_phase":"PHASE_DESIGN","reason":"why","spawn_tasks":false}"#
        let moved: PhaseTransitionReport = try ContractCoder.decode(
            from: try await api.outcome("POST", path + "/phase-transition", body).response.body
        )
        #expect(moved.fromPhase == .backlog)
        #expect(moved.toStatus == .analyzing)
        #expect(moved.reason == "why")
        #expect(try await api.outcome("POST", path + "/phase-transition", "{}").code == .invalid)
        #expect(try await api.outcome("POST", path + "/fast-track?reason=soon").status == 200)
        #expect(try await api.outcome("POST", path + "/complete?force=maybe").code == .invalid)
        #expect(try await api.outcome("POST", path + "/complete").status == 200)
        let shown: Ticket = try await api.get(path)
        #expect(shown.status == .done)
    }
}
