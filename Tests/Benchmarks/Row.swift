import Contracts
import Kernel

/// One measured figure.
struct Row: Codable {
    var name: String
    var value: Double
    var unit: String
    /// What the value is compared with, measured in the same run.
    var baseline: String?
    var baselineValue: Double?
    var goal: String?

    /// Value over baseline.
    var ratio: Double? { baselineValue.map { value / $0 } }

    static func json(_ rows: [Row]) throws -> String {
        String(decoding: try ContractCoder.encode(rows), as: UTF8.self)
    }

    static func table(_ rows: [Row]) -> String {
        let cells =
            [["figure", "value", "unit", "baseline", "baseline value", "ratio", "goal"]]
            + rows.map { row in
                [
                    row.name, format(row.value), row.unit, row.baseline ?? "-",
                    row.baselineValue.map(format) ?? "-", row.ratio.map(format) ?? "-", row.goal ?? "-",
                ]
            }
        let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            zip(row, widths).map { text, width in text + String(repeating: " ", count: width - text.count) }
                .joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func format(_ value: Double) -> String {
        if value >= 1000 { return String(Int(value.rounded())) }
        let scaled = Int((value * 100).rounded())
        let fraction = scaled % 100
        return "\(scaled / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

/// Statistics over samples.
enum Statistics {
    static func median(_ samples: [Double]) -> Double { percentile(samples, 0.5) }

    /// The nearest-rank percentile, `fraction` in 0...1.
    static func percentile(_ samples: [Double], _ fraction: Double) -> Double {
        guard !samples.isEmpty else { return .nan }
        let sorted = samples.sorted()
        let rank = Int((fraction * Double(sorted.count)).rounded(.up)) - 1
        return sorted[min(max(rank, 0), sorted.count - 1)]
    }

    /// Seconds a body takes.
    static func seconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return start.duration(to: .now).seconds
    }
}
