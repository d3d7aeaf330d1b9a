import Contracts
import Testing

@testable import Orchestrator

/// The whole table: what every input does in every state, and that nothing else happens.
@Suite struct SandboxStateMachineTests {
    typealias Machine = SandboxStateMachine
    typealias State = Sandbox.State

    struct Edge: Sendable, CustomTestStringConvertible {
        var from: State
        var input: Machine.Input
        var to: State
        var effects: [Machine.Effect]

        var testDescription: String { "\(from) + \(input) -> \(to)" }
    }

    static let inputs: [Machine.Input] =
        [
            .claimed, .unclaimed, .created, .notCreated(reason: "start-failed"), .answered, .spoolLost,
            .stop(reason: "cancelled"), .cleanedUp,
        ] + Machine.Spool.allCases.map { .exited($0) }

    static let ended: [Machine.Effect] = [.publish(.sandboxFailed), .freeSlot]

    /// Every transition there is, of a sandbox nobody told to stop.
    static let declared: [Edge] = [
        Edge(from: .pending, input: .claimed, to: .creating, effects: [.publish(.sandboxCreated), .create]),
        Edge(from: .pending, input: .unclaimed, to: .terminated, effects: [.drop, .freeSlot]),
        Edge(from: .creating, input: .created, to: .running, effects: [.publish(.sandboxRunning)]),
        Edge(from: .creating, input: .notCreated(reason: "start-failed"), to: .failed, effects: ended),
        Edge(from: .creating, input: .exited(.empty), to: .failed, effects: ended),
        Edge(
            from: .creating,
            input: .exited(.unanswered),
            to: .completing,
            effects: [.publish(.sandboxCompleting), .submit]
        ),
        Edge(
            from: .creating,
            input: .exited(.answered),
            to: .completed,
            effects: [.publish(.sandboxCompleted), .freeSlot]
        ),
        Edge(from: .creating, input: .stop(reason: "cancelled"), to: .creating, effects: [.kill]),
        Edge(from: .running, input: .exited(.empty), to: .failed, effects: ended),
        Edge(
            from: .running,
            input: .exited(.unanswered),
            to: .completing,
            effects: [.publish(.sandboxCompleting), .submit]
        ),
        Edge(
            from: .running,
            input: .exited(.answered),
            to: .completed,
            effects: [.publish(.sandboxCompleted), .freeSlot]
        ),
        Edge(from: .running, input: .stop(reason: "cancelled"), to: .running, effects: [.kill]),
        Edge(from: .completing, input: .answered, to: .completed, effects: [.publish(.sandboxCompleted), .freeSlot]),
        Edge(from: .completing, input: .spoolLost, to: .failed, effects: ended),
        Edge(from: .completing, input: .stop(reason: "cancelled"), to: .completing, effects: []),
        Edge(from: .completed, input: .cleanedUp, to: .terminated, effects: [.publish(.sandboxTerminated)]),
        Edge(from: .failed, input: .cleanedUp, to: .terminated, effects: [.publish(.sandboxTerminated)]),
    ]

    @Test(arguments: declared) func `a declared transition is taken with its effects`(edge: Edge) {
        var machine = Machine(state: edge.from)
        #expect(machine.handle(edge.input) == edge.effects)
        #expect(machine.state == edge.to)
    }

    @Test(arguments: State.allCases, inputs) func `every other input changes nothing`(
        state: State,
        input: Machine.Input
    ) {
        guard !Self.declared.contains(where: { $0.from == state && $0.input == input }) else { return }
        var machine = Machine(state: state)
        let before = machine
        #expect(machine.handle(input).isEmpty)
        #expect(machine == before)
    }

    @Test func `the declared transitions reach every state, and failed from every state that was published`() {
        var reached: Set<State> = [.pending]
        for edge in Self.declared { reached.insert(edge.to) }
        #expect(reached == Set(State.allCases))
        let failing = Set(Self.declared.filter { $0.to == .failed }.map(\.from))
        #expect(failing == [.creating, .running, .completing])
    }

    @Test func `every published event names the state it leads to`() {
        for edge in Self.declared {
            for case .publish(let type) in edge.effects {
                let name = edge.from == .pending ? "created" : edge.to.rawValue
                #expect(type.rawValue == "sandbox.\(name)")
            }
        }
    }

    @Test(arguments: [
        (State.creating, Machine.Input.notCreated(reason: "start-failed")), (.creating, .exited(.answered)),
        (.running, .exited(.empty)), (.running, .exited(.answered)), (.completing, .answered),
        (.completing, .spoolLost),
    ]) func `a sandbox that was told to stop fails with that reason however it ends`(
        state: State,
        input: Machine.Input
    ) {
        var machine = Machine(state: state)
        _ = machine.handle(.stop(reason: "cancelled"))
        #expect(machine.handle(input) == Self.ended)
        #expect(machine.state == .failed)
        #expect(machine.failure == "cancelled")
    }

    @Test func `a stopped sandbox still gets its result answered first`() {
        var machine = Machine(state: .running)
        _ = machine.handle(.stop(reason: "stalled"))
        #expect(machine.handle(.exited(.unanswered)) == [.publish(.sandboxCompleting), .submit])
        #expect(machine.handle(.answered) == Self.ended)
        #expect(machine.failure == "stalled")
    }

    @Test func `a sandbox stopped while it is created is killed as soon as it is there`() {
        var machine = Machine(state: .creating)
        _ = machine.handle(.stop(reason: "superseded"))
        #expect(machine.handle(.created) == [.publish(.sandboxRunning), .kill])
        #expect(machine.state == .running)
    }

    @Test func `the first reason to stop is the one that counts, and each repetition kills again`() {
        var machine = Machine(state: .running)
        #expect(machine.handle(.stop(reason: "stalled")) == [.kill])
        #expect(machine.handle(.stop(reason: "cancelled")) == [.kill])
        #expect(machine.stopReason == "stalled")
    }

    @Test(arguments: [
        (Machine.Input.notCreated(reason: "start-lost"), State.creating, "start-lost"),
        (.exited(.empty), .running, "worker-exited"), (.spoolLost, .completing, "spool-lost"),
    ]) func `a failure says why`(input: Machine.Input, state: State, reason: String) {
        var machine = Machine(state: state)
        _ = machine.handle(input)
        #expect(machine.failure == reason)
    }
}
