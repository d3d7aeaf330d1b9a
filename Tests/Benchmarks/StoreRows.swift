import BenchmarkBaselines
import GRDB
import Kernel
import Storage
import TestSupport

/// The store: messages handled per second with inbox, state and outbox row each, FULL, against the same in plain C.
enum StoreRows {
    private static let messages = 20_000
    private static let bodyBytes = 600

    static func measure(runs: Int) async throws -> [Row] {
        var rows: [Row] = []
        for batch in [100, 10] {
            var ours: [Double] = []
            var bare: [Double] = []
            for _ in 0..<runs {
                ours.append(Double(messages) / (try await swiftLoop(batch: batch)))
                bare.append(
                    Double(messages)
                        / (try await withTemporaryDirectory { directory in
                            omoi_baseline_store("\(directory)/bare.sqlite", Int32(messages), Int32(batch), 600)
                        })
                )
            }
            rows.append(
                Row(
                    name: "store, batches of \(batch)",
                    value: Statistics.median(ours),
                    unit: "messages/s",
                    baseline: "plain C on SQLite",
                    baselineValue: Statistics.median(bare),
                    goal: batch == 100 ? ">= 10,000/s" : nil
                )
            )
        }
        return rows
    }

    private static func swiftLoop(batch: Int) async throws -> Double {
        try await withTemporaryDirectory { directory in
            let store = try Store(
                StoreConfiguration(path: "\(directory)/store.sqlite", durability: .full),
                migrations: [
                    Migration("0001 create state", "CREATE TABLE state(id INTEGER PRIMARY KEY, version INTEGER) STRICT")
                ]
            )
            try await store.write { database in
                try database.execute(
                    sql: """
                        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
                        INSERT INTO state SELECT i, 0 FROM n
                        """
                )
            }
            let body = [UInt8](repeating: UInt8(ascii: "x"), count: bodyBytes)
            let elapsed = try await Statistics.seconds {
                for start in stride(from: 0, to: messages, by: batch) {
                    let units: [@Sendable (Database) throws -> Void] = (start..<start + batch).map { index in
                        { database in try handle(index, body, database) }
                    }
                    for result in try await store.write(batch: units) { try result.get() }
                }
            }
            await store.close()
            return elapsed
        }
    }

    private static func handle(_ index: Int, _ body: [UInt8], _ database: Database) throws {
        let id = Identifier.make()
        try Inbox.insert(
            InboxEntry(
                scope: "bench",
                key: id.description,
                digest: "",
                reply: [],
                replyType: "ok",
                at: Timestamp(milliseconds: 0)
            ),
            in: database
        )
        try database.cachedStatement(sql: "UPDATE state SET version = version + 1 WHERE id = ?")
            .execute(arguments: [index * 7919 % 10_000])
        try Outbox.append(
            OutboxEntry(
                sequence: 0,
                id: id,
                exchange: "events",
                routingKey: "task.completed",
                contentType: "application/json",
                headers: [:],
                body: body,
                type: "task.completed",
                at: Timestamp(milliseconds: 0)
            ),
            to: database
        )
    }
}
