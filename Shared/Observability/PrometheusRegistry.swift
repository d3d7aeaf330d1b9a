import CoreMetrics
import Synchronization

/// Keeps all metrics of a process and renders them as Prometheus text, format 0.0.4.
///
/// Counters end in `_total`; timers are histograms in seconds and end in `_seconds`; recorders are histograms, those
/// that do not aggregate and meters are gauges. The number of label sets per metric is bounded: what comes after
/// ``seriesPerMetric`` is added up under the label value `other`.
package final class PrometheusRegistry: MetricsFactory {
    /// Largest number of label sets of one metric.
    package static let seriesPerMetric = 500

    private let families = Mutex<[String: MetricFamily]>([:])

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(.counter, MetricName.make(label, suffix: "_total"), dimensions) { CounterSeries() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(.gauge, MetricName.make(label), dimensions) { GaugeSeries() }
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            series(.histogram, MetricName.make(label), dimensions) {
                HistogramSeries(bounds: HistogramSeries.countBounds)
            }
        } else {
            series(.gauge, MetricName.make(label), dimensions) { GaugeSeries() }
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(.histogram, MetricName.make(label, suffix: "_seconds"), dimensions) {
            HistogramSeries(bounds: HistogramSeries.timeBounds)
        }
    }

    // A metric outlives its handle: a counter that is made again must not start at zero.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The text of `/metrics`: families and label sets in a stable order.
    package func render() -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.render(name: name, labels: labels, into: &text)
            }
        }
        return text
    }

    private func series<Series: MetricSeries>(
        _ kind: MetricFamily.Kind,
        _ name: String,
        _ dimensions: [(String, String)],
        make: () -> Series
    ) -> Series {
        families.withLock { families in
            // Two kinds under one name would be invalid text: the second gets its kind as a suffix.
            let name = families[name].map { $0.kind == kind } ?? true ? name : "\(name)_\(kind.rawValue)"
            var family = families[name] ?? MetricFamily(kind: kind)
            defer { families[name] = family }
            var labels = MetricName.labels(dimensions)
            if family.series[labels] == nil && family.series.count >= Self.seriesPerMetric {
                labels = MetricName.labels(dimensions.map { ($0.0, "other") })
            }
            if let existing = family.series[labels] as? Series { return existing }
            let series = make()
            family.series[labels] = series
            return series
        }
    }
}

struct MetricFamily {
    enum Kind: String {
        case counter, gauge, histogram
    }

    let kind: Kind
    /// By rendered labels, `a="b",c="d"`.
    var series: [String: any MetricSeries] = [:]
}

/// Names and labels in Prometheus' alphabet.
enum MetricName {
    static func make(_ label: String, suffix: String = "") -> String {
        var name = sanitize(label)
        if !name.hasSuffix(suffix) { name += suffix }
        return name
    }

    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { "\(sanitize($0.0).replacing(":", with: "_"))=\"\(escape($0.1))\"" }.joined(separator: ",")
    }

    private static func sanitize(_ label: String) -> String {
        var name = String(decoding: label.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
        if name.isEmpty || name.utf8.first.map(isDigit) == true { name = "_" + name }
        return name
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ":")
    }

    private static func escape(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
