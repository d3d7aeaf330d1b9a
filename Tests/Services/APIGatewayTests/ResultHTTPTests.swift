import Contracts
import Kernel
import TestSupport
import Testing

@testable import APIGateway

extension GatewayHTTPTests {
    private func json(_ outcome: Outcome) throws -> JSONValue { try ContractCoder.decode(from: outcome.response.body) }

    private func results(_ count: Int) async throws -> (ticket: Ticket, task: WorkTask, results: [TaskResult]) {
        let fixture = try GatewayFixture.current
        let (_, ticket, task) = try await fixture.sample()
        let results = (1...count).map { number in
            TaskResult(
                id: .make(),
                taskID: task.id,
                ticketID: ticket.id,
                sandboxID: .make(),
                attempt: number,
                fence: number,
                status: number == count ? .completed : .failed,
                summary: "result \(number)",
                commits: [.init(sha: "9fceb02d0ae598e95dc970b74767f19372d61af8", message: "m")],
                filesChanged: [.init(path: "a.c", action: .modified, linesAdded: 1, linesRemoved: 0)],
                checks: [.init(name: "unit", command: ["make"], exitCode: 0, durationMilliseconds: 5, logDigest: "0a")],
                failure: number == count ? nil : .init(domain: .agent, code: "agent-exit", message: "1"),
                applied: true,
                createdAt: .now()
            )
        }
        fixture.workflow.state.withLock { $0.taskResults += results }
        return (ticket, task, results.reversed())
    }

    @Test func `results are listed by task and ticket, page by page, and shown with their content`() async throws {
        let fixture = try GatewayFixture.current
        let (ticket, task, results) = try await results(3)
        let api = fixture.api(fixture.viewer)
        func ids(_ value: JSONValue?) -> [String?] { value?.elements.map { $0["id"]?.text } ?? [] }
        let all = results.map { $0.id.description }
        for path in ["results/task/\(task.id)", "tasks/\(task.id)/results", "results/ticket/\(ticket.id)"] {
            #expect(ids(try json(await api.outcome("GET", "/api/v1/\(path)"))) == all, "\(path)")
        }
        #expect(ids(try json(await api.outcome("GET", "/api/v1/results/ticket/\(ticket.key)"))) == all)
        let page = try json(await api.outcome("GET", "/api/v1/results?ticket_id=\(ticket.id)&limit=2"))
        #expect(ids(page["results"]) == Array(all.prefix(2)))
        let cursor = try #require(page["next_cursor"]?.text)
        let rest = try json(
            await api.outcome("GET", "/api/v1/results?ticket_id=\(ticket.id)&limit=2&cursor=\(cursor)")
        )
        #expect(ids(rest["results"]) == [all[2]] && rest["next_cursor"] == nil)
        let shown = try await api.outcome("GET", "/api/v1/results/\(all[0])")
        #expect(shown.response.header("ETag") == "\"v1\"")
        #expect(try ContractCoder.decode(TaskResult.self, from: shown.response.body) == results[0])
        let body = try json(shown)
        #expect(body["result_id"]?.text == all[0] && body["verification_status"] == "unverified")
        #expect(body["agent_id"]?.text == results[0].sandboxID.description)
        #expect(try await api.outcome("GET", "/api/v1/results/\(Identifier.make())").code == .notFound)
        let stranger = fixture.api(try fixture.workflow.token(.viewer, project: .make()))
        #expect(try await stranger.outcome("GET", "/api/v1/results/task/\(task.id)").code == .notFound)
        #expect(try await stranger.outcome("GET", "/api/v1/results/ticket/\(ticket.id)").code == .notFound)
        #expect(try await api.outcome("GET", "/api/v1/results?status=gone").code == .invalid)
    }

    @Test func `a result is verified`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, results) = try await results(1)
        let path = "/api/v1/results/\(results[0].id)/verify"
        let api = fixture.api(fixture.member)
        let outcome = try await api.outcome("POST", path, #"{"validation_passed":false,"feedback":"slow"}"#)
        let body = try json(outcome)
        #expect(outcome.status == 200, "\(outcome.text)")
        #expect(body["verification_status"] == "rejected" && body["verification"]?["feedback"] == "slow")
        #expect(body["verified_at"] != nil && body["version"] == 2)
        #expect(try await api.outcome("POST", path, #"{"passed":true}"#).code == .invalid)
        #expect(try await fixture.api(fixture.viewer).outcome("POST", path, "{}").status == 403)
    }

    @Test func `defect 43: a report carries its content, and no file of the server is opened`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, task) = try await fixture.sample()
        let body = """
            {"task_id":"\(task.id)","result_type":"analysis","summary":"slow","content":"# Why",
            "markdown_file_path":"/etc/passwd"}
            """
        for api in [fixture.api(fixture.member), fixture.api(try fixture.sandboxToken(task))] {
            let made = try await api.outcome("POST", "/api/v1/report_results", body)
            #expect(made.status == 201, "\(made.text)")
            let report = try json(made)
            #expect(report["content"] == "# Why" && report["markdown_file_path"] == "/etc/passwd")
            #expect(report["verification_status"] == "unverified" && !made.text.contains("root:"))
            let location = try #require(made.response.header("Location"))
            #expect(try json(await fixture.api(fixture.viewer).outcome("GET", location)) == report)
        }
        let listed = try json(await fixture.api(fixture.viewer).outcome("GET", "/api/v1/tasks/\(task.id)/results"))
        #expect(listed.elements.count == 2 && listed.elements.allSatisfy { $0["result_type"] == "analysis" })
        let api = fixture.api(fixture.member)
        let wrong = body.replacing("analysis", with: "poem")
        #expect(try await api.outcome("POST", "/api/v1/report_results", wrong).code == .invalid)
        let none = try json(await fixture.api(fixture.viewer).outcome("GET", "/api/v1/workflows/\(ticket.id)/results"))
        #expect(none == [])
    }

    @Test func `a solution is submitted, listed and judged`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let body = #"{"workflow_id":"\#(ticket.id)","content":"Done","explanation":"all","evidence":["make test"]}"#
        let made = try await api.outcome("POST", "/api/v1/submit_result", body)
        #expect(made.status == 201, "\(made.text)")
        let submitted = try json(made)
        #expect(submitted["status"] == "submitted" && submitted["validation_triggered"] == false)
        let id = try #require(submitted["result_id"]?.text)
        let judgement = #"{"result_id":"\#(id)","validation_passed":true,"feedback":"fine"}"#
        let judged = try json(await api.outcome("POST", "/api/v1/submit_result_validation", judgement))
        #expect(judged["validation_status"] == "validated" && judged["action_taken"] == "result_logged")
        let list = try json(await api.outcome("GET", "/api/v1/workflows/\(ticket.key)/results"))
        #expect(list.elements.map { $0["result_id"]?.text } == [id])
        #expect(list.elements.first?["status"] == "validated")
        #expect(list.elements.first?["evidence"]?["items"] == ["make test"])
        #expect(list.elements.first?["validation_feedback"] == "fine")
        let unknown = judgement.replacing(id, with: Identifier.make().description)
        #expect(try await api.outcome("POST", "/api/v1/submit_result_validation", unknown).code == .notFound)
        let stranger = fixture.api(try fixture.workflow.token(.member, project: .make()))
        #expect(try await stranger.outcome("POST", "/api/v1/submit_result", body).code == .notFound)
    }
}
