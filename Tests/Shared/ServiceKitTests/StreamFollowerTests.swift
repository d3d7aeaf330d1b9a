import Kernel
import Messaging
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import ServiceKit

extension SharedBrokerTests {
    @Suite struct StreamFollowerTests {
        private let lab: Lab
        private let stream: QueueDeclaration
        private let rebuilt = Collected<Int>()
        private let commits = Collected<Int>()

        init() throws {
            lab = try Lab()
            stream = lab.queue(.stream)
        }

        private func follower(_ store: Store) throws -> StreamFollower {
            StreamFollower(
                broker: try lab.configuration("streams"),
                stream: stream.name,
                topology: lab.topology(stream),
                store: store,
                apply: { deliveries, database in
                    for delivery in deliveries {
                        let text = String(decoding: delivery.body, as: UTF8.self)
                        if text == "poison" { throw Fault(.malformed, "poison") }
                        try Notes.insert(text, in: database)
                    }
                },
                committed: { [commits] in commits.append(1) },
                reset: { try $0.execute(sql: "DELETE FROM note") },
                rebuild: { [rebuilt] in rebuilt.append(1) }
            )
        }

        private func publish(_ texts: [String]) async throws {
            let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology(stream))
            let messages = texts.map { lab.message($0) }
            try await withServices([PublisherService(publisher)]) {
                let outcomes = await publisher.publish(messages)
                #expect(outcomes.allSatisfy { $0 == .confirmed })
            }
        }

        private func notes(_ store: Store) async throws -> [String] {
            try await store.read { try Notes.all(in: $0) }
        }

        private func follow(_ store: Store, until expected: [String]) async throws {
            let follower = try follower(store)
            try await withServices([follower]) {
                try await eventually("\(expected.count) are applied") { try await notes(store).count >= expected.count }
                try await eventually("it is caught up") { follower.isCaughtUp }
            }
            #expect(try await notes(store) == expected)
        }

        @Test func `everything is applied in order, and a new start goes on where the last one stopped`() async throws {
            try await withStore { store in
                let first = (0..<700).map { "a\($0)" }
                try await publish(first)
                try await follow(store, until: first)
                let second = (0..<300).map { "b\($0)" }
                try await publish(second)
                try await follow(store, until: first + second)
                #expect(rebuilt.count == 1)
                #expect(commits.count > 0)
            }
        }

        @Test func `a message that cannot be applied becomes a dead letter and can be replayed`() async throws {
            try await withStore { store in
                try await publish(["a", "poison", "b"])
                try await follow(store, until: ["a", "b"])
                let letter = try #require(try await store.read { try DeadLetters.list(limit: 5, in: $0) }.first)
                #expect(letter.source == stream.name)
                #expect(letter.body == Array("poison".utf8))
            }
        }

        @Test func `a stream that was replaced is noticed, everything is forgotten and built anew`() async throws {
            try await withStore { store in
                let old = (0..<20).map { "old\($0)" }
                try await publish(old)
                try await follow(store, until: old)
                _ = try await lab.broker.control(["delete_queue", stream.name])
                let new = (0..<30).map { "new\($0)" }
                try await publish(new)
                let follower = try follower(store)
                try await withServices([follower]) {
                    try await eventually("the new stream is applied") { try await notes(store) == new }
                }
                #expect(rebuilt.count == 2)
            }
        }

        @Test func `an empty stream is caught up soon`() async throws {
            try await withStore { store in
                let follower = try follower(store)
                #expect(!follower.isCaughtUp)
                try await withServices([follower]) {
                    try await eventually("caught up") { follower.isCaughtUp }
                }
            }
        }
    }
}

@Suite struct FollowerProgressTests {
    private let time = ManualTime()

    @Test func `it is caught up after a quiet moment while attached`() {
        let progress = FollowerProgress(time: time)
        #expect(!progress.isCaughtUp(isConsuming: true))
        time.advance(by: .milliseconds(200))
        progress.note(newest: time.now() - .seconds(60))
        time.advance(by: .milliseconds(200))
        #expect(!progress.isCaughtUp(isConsuming: true))
        time.advance(by: .milliseconds(100))
        #expect(progress.isCaughtUp(isConsuming: true))
        progress.restart()
        #expect(!progress.isCaughtUp(isConsuming: true))
    }

    @Test func `a fresh message means caught up, and time without a connection does not`() {
        let progress = FollowerProgress(time: time)
        #expect(!progress.isCaughtUp(isConsuming: false))
        time.advance(by: .seconds(10))
        #expect(!progress.isCaughtUp(isConsuming: false))
        progress.note(newest: time.now())
        #expect(progress.isCaughtUp(isConsuming: true))
    }
}
