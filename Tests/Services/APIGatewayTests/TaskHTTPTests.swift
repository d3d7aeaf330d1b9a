import Contracts
import Kernel
import TestSupport
import Testing

@testable import APIGateway

extension GatewayHTTPTests {
    private func json(_ outcome: Outcome) throws -> JSONValue { try ContractCoder.decode(from: outcome.response.body) }

    /// A task that a sandbox has been working on for some time.
    private func working(for seconds: Int64, timeout: Int? = nil) async throws -> (task: WorkTask, attempt: Attempt) {
        let fixture = try GatewayFixture.current
        let (_, _, made) = try await fixture.sample()
        var task = made
        task.status = .running
        task.attempt = 1
        task.sandboxID = .make()
        task.timeoutSeconds = timeout
        task.version += 1
        let attempt = Attempt(
            id: .make(),
            taskID: task.id,
            number: 1,
            fence: 1,
            sandboxID: task.sandboxID ?? .make(),
            orchestrator: "local",
            startedAt: .now() - .seconds(seconds)
        )
        fixture.workflow.state.withLock { [task] in $0.tasks[task.id] = task }
        try await fixture.publish([(.taskStarted, EventData(task, attempt: attempt))])
        let api = fixture.api(fixture.viewer)
        try await eventually("the task runs") { [task] in
            let shown: WorkTask = try await api.get("/api/v1/tasks/\(task.id)")
            return shown.status == .running
        }
        return (task, attempt)
    }

    @Test func `a task is patched under its ETag`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/tasks/\(task.id)"
        let changed = try await api.outcome("PATCH", path, #"{"title":"Other","deadline_at":"2030-01-01T00:00:00Z"}"#)
        #expect(changed.status == 200, "\(changed.text)")
        #expect(changed.response.header("ETag") == "\"v2\"")
        let shown: WorkTask = try await api.get(path)
        #expect(shown.title == "Other" && shown.deadlineAt == Timestamp("2030-01-01T00:00:00Z"))
        var late = fixture.api(fixture.member)
        late.headers = [("If-Match", "\"v1\"")]
        let stale = try await late.outcome("PATCH", path, #"{"title":"x"}"#)
        #expect(stale.status == 412)
        #expect(try await api.outcome("PATCH", path, #"{"colour":1}"#).code == .invalid)
        #expect(try await api.outcome("PATCH", path, #"{"status":"done"}"#).code == .invalid)
        let stranger = fixture.api(try fixture.workflow.token(.member, project: .make()))
        #expect(try await stranger.outcome("PATCH", path, #"{"title":"x"}"#).code == .notFound)
        #expect(try await fixture.api(fixture.viewer).outcome("PATCH", path, #"{"title":"x"}"#).status == 403)
    }

    @Test func `defect 29: a cancel waits for the sandbox and says that it is gone`() async throws {
        let fixture = try GatewayFixture.current
        let (running, _) = try await working(for: 5)
        async let ending: Void = {
            try await eventually("cancelled") {
                fixture.workflow.state.withLock { $0.tasks[running.id]?.status } == .cancelled
            }
            guard var task = fixture.workflow.state.withLock({ $0.tasks[running.id] }) else { return }
            #expect(!task.sandboxStopped)
            task.sandboxStopped = true
            task.version += 1
            try await fixture.publish([(.taskUpdated, EventData(task))])
        }()
        let api = fixture.api(fixture.member)
        let outcome = try await api.outcome("POST", "/api/v1/tasks/\(running.id)/cancel", #"{"reason":"enough"}"#)
        try await ending
        let body = try json(outcome)
        #expect(outcome.status == 200)
        #expect(body["task_id"] == .string(running.id.description) && body["cancelled"] == .bool(true))
        #expect(body["reason"] == .string("enough") && body["status"] == .string("cancelled"))
        #expect(body["sandbox_stopped"] == .bool(true))
    }

    @Test func `a cancel of a pending task has nothing to wait for`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let start = ContinuousClock.now
        let outcome = try await fixture.api(fixture.member).outcome("POST", "/api/v1/tasks/\(task.id)/cancel")
        #expect(try json(outcome)["sandbox_stopped"] == .bool(true))
        #expect(try json(outcome)["reason"] == .string("cancelled_by_request"))
        #expect(ContinuousClock.now - start < Limits.cancelWait)
    }

    @Test func `a task is failed by hand`() async throws {
        let fixture = try GatewayFixture.current
        let (running, _) = try await working(for: 5)
        let outcome = try await fixture.api(fixture.member).outcome("POST", "/api/v1/tasks/\(running.id)/fail")
        let body = try json(outcome)
        #expect(body["status"] == .string("failed") && body["old_status"] == .string("running"))
        #expect(body["reason"] == .string("marked_failed_by_user"))
    }

    @Test func `the time of a task is told, its own and its project's`() async throws {
        let fixture = try GatewayFixture.current
        let api = fixture.api(fixture.viewer)
        let (late, _) = try await working(for: 100, timeout: 60)
        let status: TimeoutStatus = try await api.get("/api/v1/tasks/\(late.id)/timeout-status")
        #expect(status.exists && status.isTimedOut && status.canCancel)
        #expect(status.timeoutSeconds == 60 && status.timeRemaining == 0)
        #expect((100...160).contains(status.elapsedSeconds))
        let (fine, _) = try await working(for: 100)
        let other: TimeoutStatus = try await api.get("/api/v1/tasks/\(fine.id)/timeout-status")
        #expect(!other.isTimedOut && other.timeoutSeconds == AgentSettings().timeoutSeconds)
        #expect(try #require(other.timeRemaining) <= other.timeoutSeconds - 100)
        let (_, _, pending) = try await fixture.sample()
        let none: TimeoutStatus = try await api.get("/api/v1/tasks/\(pending.id)/timeout-status")
        #expect(none.elapsedSeconds == 0 && none.timeRemaining == nil && !none.isTimedOut)
        #expect(try await api.outcome("GET", "/api/v1/tasks/\(Identifier.make())/timeout-status").code == .notFound)
        let stranger = fixture.api(try fixture.workflow.token(.viewer, project: .make()))
        #expect(try await stranger.outcome("GET", "/api/v1/tasks/\(late.id)/timeout-status").code == .notFound)
    }

    @Test func `defect 20: timed-out and cancellable are lists, not ids`() async throws {
        let fixture = try GatewayFixture.current
        let (late, attempt) = try await working(for: 100, timeout: 60)
        let (fine, _) = try await working(for: 100)
        let api = fixture.api(fixture.viewer)
        let project = "project_id=\(late.projectID)"
        let timedOut: [TimedTask] = try await api.get("/api/v1/tasks/timed-out?\(project)")
        #expect(timedOut.map(\.id) == [late.id])
        #expect(timedOut.first?.elapsedTime ?? 0 >= 100)
        #expect(timedOut.first?.startedAt == attempt.startedAt && timedOut.first?.sandboxID == late.sandboxID)
        #expect(try await api.get("/api/v1/tasks/timed-out?project_id=\(fine.projectID)") == [TimedTask]())
        let cancellable: [TimedTask] = try await api.get("/api/v1/tasks/cancellable?\(project)&agent_id=x")
        #expect(cancellable.map(\.id) == [late.id])
        let bound = fixture.api(try fixture.workflow.token(.viewer, project: fine.projectID))
        let own: [TimedTask] = try await bound.get("/api/v1/tasks/cancellable")
        #expect(own.map(\.id) == [fine.id])
        #expect(try await api.outcome("GET", "/api/v1/tasks/cancellable?limit=0").code == .invalid)
        let first = try await api.outcome("GET", "/api/v1/tasks/cancellable?limit=1")
        #expect(first.response.header("Link")?.contains("cursor=") == true)
    }

    @Test func `timeouts are set and cleaned up`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/tasks/\(task.id)/set-timeout"
        let set: TaskTimeout = try await api.post(path, body: TimeoutBody(timeoutSeconds: 90))
        #expect(set == TaskTimeout(taskID: task.id, timeoutSeconds: 90, status: .pending))
        for body in [#"{"timeout_seconds":0}"#, #"{"timeout_seconds":604801}"#, #"{"timeout_seconds":"9"}"#, "{}"] {
            #expect(try await api.outcome("POST", path, body).code == .invalid, "\(body)")
        }
        let cleaned = try await api.outcome("POST", "/api/v1/tasks/cleanup-timed-out")
        #expect(try json(cleaned) == ["cleaned_count": 0, "total_timed_out": 0])
    }

    @Test func `a circular check takes a bare array`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let api = fixture.api(fixture.viewer)
        let path = "/api/v1/tasks/\(task.id)/check-circular"
        let own = try json(await api.outcome("POST", path, #"["\#(task.id)"]"#))
        #expect(own["has_circular_dependency"] == true && own["cycle"] == [.string(task.id.description)])
        #expect(try json(await api.outcome("POST", path, "[]"))["has_circular_dependency"] == false)
        #expect(try await api.outcome("POST", path, #"{"depends_on":[]}"#).code == .invalid)
        #expect(try await api.outcome("POST", path, #"["x"]"#).code == .invalid)
    }

    @Test func `a sandbox registers its conversation with its own token`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let path = "/api/v1/tasks/\(task.id)/register-conversation"
        let sandbox = fixture.api(try fixture.sandboxToken(task))
        let body = #"{"conversation_id":"c-1","sandbox_id":"","persistence_dir":""}"#
        let answer = try json(await sandbox.outcome("POST", path, body))
        #expect(answer["success"] == true && answer["conversation_id"] == "c-1")
        let shown: WorkTask = try await fixture.api(fixture.viewer).get("/api/v1/tasks/\(task.id)")
        #expect(shown.conversationID == "c-1")
        #expect(try await fixture.api(fixture.viewer).outcome("POST", path, body).status == 403)
        #expect(try await sandbox.outcome("POST", path, #"{"conversation_id":""}"#).code == .invalid)
    }

    @Test func `a title is made by rule, by the model, or later`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/tasks/\(task.id)/generate-title"
        let derived = try await api.outcome("POST", path)
        #expect(try json(derived)["title"] == "By rule" && json(derived)["title_source"] == "derived")
        let modelled = try await api.outcome("POST", path, #"{"context":"slow"}"#)
        #expect(modelled.status == 200)
        #expect(try json(modelled)["title"] == "By the model" && json(modelled)["title_source"] == "model")
        let broken = try await api.outcome("POST", path, #"{"context":"broken"}"#)
        #expect(broken.status == 503 && broken.text.contains("the model is away"))
        let repeated = try await api.outcome("POST", path, #"{"context":"forgotten"}"#)
        #expect(repeated.status == 200 && repeated.text.contains(#""pending":false"#))
        let stranger = fixture.api(try fixture.workflow.token(.member, project: .make()))
        #expect(try await stranger.outcome("POST", path).code == .notFound)
        let several = try json(await api.outcome("POST", "/api/v1/tasks/generate-titles", #"{"limit":1}"#))
        #expect(several["processed"] == 1 && several["succeeded"] == 1 && several["failed"] == 0)
        #expect(try await api.outcome("POST", "/api/v1/tasks/generate-titles", #"{"limit":0}"#).code == .invalid)
    }
}
