import Contracts
import Foundation
import Kernel
import Testing

@Suite struct `Golden files` {
    static let all =
        Samples.events + Samples.commands + Samples.bodies + Samples.reportBodies + Samples.specCommands
        + Samples.specBodies

    @Test(arguments: all)
    func `a value is written as its file says, and the file is read and written back byte for byte`(
        sample: Sample
    ) throws {
        let golden = try Golden.bytes(sample.name, recording: sample.encode)
        #expect(text(try sample.encode()) == text(golden))
        #expect(text(try sample.recode(golden)) == text(golden))
    }

    @Test func `every file belongs to a sample, and every event type has one`() throws {
        let names = Set(Self.all.map(\.name))
        #expect(names.count == Self.all.count)
        #expect(try Golden.names == names)
        for type in EventType.allCases {
            #expect(names.contains("event.\(type.rawValue)"))
        }
    }

    @Test func `every command of the source has a file for itself and its reply`() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Shared/Contracts/Commands").standardizedFileURL
        let names = try Golden.names
        var found = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: sources.path) where file.hasSuffix(".swift") {
            let source = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
            for match in source.matches(of: /static let name = "([^"]+)"/) {
                found += 1
                #expect(names.contains("command.\(match.output.1)"))
                #expect(names.contains("reply.\(match.output.1)"))
            }
        }
        #expect(found >= 21)
    }

    @Test(arguments: EventType.allCases)
    func `an event says what it is about outside its data too`(type: EventType) {
        let event = Entities.event(type)
        let reference = event.data.reference
        #expect(event.subject == reference.id)
        #expect(event.projectID == reference.projectID)
        #expect(event.ticketID == reference.ticketID)
        #expect(event.taskID == reference.taskID)
        #expect(reference.version >= 1)
    }

    @Test func `samples of entities set every member, so that none escapes the files`() throws {
        func members(_ value: some Encodable) throws -> Set<String> {
            guard
                case .object(let members) = try ContractCoder.decode(
                    JSONValue.self,
                    from: ContractCoder.encode(value)
                )
            else { return [] }
            return Set(members.keys)
        }
        func names<Keys: CodingKey & CaseIterable>(_: Keys.Type) -> Set<String> {
            Set(Keys.allCases.map(\.stringValue))
        }
        #expect(try members(Entities.project) == names(Project.CodingKeys.self))
        #expect(try members(Entities.settings) == names(ProjectSettings.CodingKeys.self))
        #expect(try members(Entities.spec) == names(Spec.CodingKeys.self))
        #expect(try members(Entities.specVersion) == names(SpecVersion.CodingKeys.self))
        #expect(try members(Entities.ticket) == names(Ticket.CodingKeys.self))
        #expect(try members(Entities.transition) == names(Transition.CodingKeys.self))
        #expect(try members(Entities.task) == names(WorkTask.CodingKeys.self))
        #expect(try members(Entities.attempt) == names(Attempt.CodingKeys.self))
        #expect(try members(Entities.result) == names(TaskResult.CodingKeys.self))
        #expect(try members(Entities.report) == names(Report.CodingKeys.self))
        #expect(try members(Entities.sandbox) == names(Sandbox.CodingKeys.self))
        #expect(try members(Entities.token) == names(AccessToken.CodingKeys.self))
        #expect(try members(Entities.event(.taskCompleted)) == names(Event.CodingKeys.self))
        #expect(try members(Samples.activity) == names(Activity.CodingKeys.self))
        #expect(try members(Samples.assignment) == names(Assignment.CodingKeys.self))
        #expect(try members(Samples.sandboxLaunch) == names(SandboxLaunch.CodingKeys.self))
    }

    @Test(arguments: [
        "{}", #"{"transition":null}"#,
        #"{"token":\#(json(Entities.token)),"sandbox":\#(json(Entities.sandbox))}"#,
    ])
    func `an event without an entity, or with two, is refused`(data: String) {
        let fault = #expect(throws: Fault.self) {
            try ContractCoder.decode(EventData.self, from: Array(data.utf8))
        }
        #expect(fault?.message == "body: an event carries exactly one entity")
    }

    @Test func `members added later are ignored by older readers`() throws {
        var golden = text(try ContractCoder.encode(Entities.event(.taskCompleted)))
        golden.insert(contentsOf: #""later":{"a":[1]},"#, at: golden.index(after: golden.startIndex))
        #expect(try ContractCoder.decode(Event.self, from: Array(golden.utf8)) == Entities.event(.taskCompleted))
    }

    @Test func `settings are complete when empty`() throws {
        #expect(try ContractCoder.decode(ProjectSettings.self, from: Array("{}".utf8)) == ProjectSettings())
        let partial = Array(#"{"agent":{"command":["x"]},"evidence":{"checks":false}}"#.utf8)
        let settings = try ContractCoder.decode(ProjectSettings.self, from: partial)
        #expect(settings.agent.command == ["x"])
        #expect(settings.agent.timeoutSeconds == AgentSettings().timeoutSeconds)
        #expect(settings.evidence == EvidenceSettings(commit: true, checks: false))
        #expect(settings.limit(of: .building) == 10)
        #expect(Entities.settings.limit(of: .building) == 2)
        #expect(Entities.settings.limit(of: .testing) == nil)
    }

    @Test func `a fault survives the way over the wire`() throws {
        let bytes = try ContractCoder.encode(FaultReply(Samples.fault))
        #expect(try ContractCoder.decode(FaultReply.self, from: bytes).fault == Samples.fault)
        let problem = try ContractCoder.encode(Problem(Samples.fault, instance: nil))
        var expected = Samples.fault
        expected.retryAfter = nil
        #expect(try ContractCoder.decode(Problem.self, from: problem).fault == expected)
    }
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private func json(_ value: some Encodable) -> String {
    (try? ContractCoder.encode(value)).map(text) ?? "unencodable"
}
