import CoreMetrics
import Testing

@testable import Observability

@Suite struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry()

    private func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: registry)
    }

    @Test func `a counter adds up over all handles of the same name and labels`() {
        counter("omoi_events", [("type", "a")]).increment()
        counter("omoi_events", [("type", "a")]).increment(by: 2)
        counter("omoi_events", [("type", "b")]).increment()
        #expect(
            registry.render() == """
                # TYPE omoi_events_total counter
                omoi_events_total{type="a"} 3
                omoi_events_total{type="b"} 1

                """
        )
    }

    @Test func `names and label values are put into the format's alphabet`() {
        counter("http.server/requests", [("http.route", "a\"b\\c\nd")]).increment()
        #expect(
            registry.render() == """
                # TYPE http_server_requests_total counter
                http_server_requests_total{http_route="a\\"b\\\\c\\nd"} 1

                """
        )
    }

    @Test func `gauges keep the last value`() {
        let gauge = Gauge(label: "age", factory: registry)
        gauge.record(2)
        gauge.record(0.5)
        Meter(label: "level", factory: registry).set(7)
        #expect(registry.render() == "# TYPE age gauge\nage 0.5\n# TYPE level gauge\nlevel 7\n")
    }

    @Test func `a timer is a cumulative histogram in seconds`() {
        let timer = Timer(label: "wait", dimensions: [("q", "x")], factory: registry)
        timer.recordMilliseconds(1)
        timer.recordMilliseconds(20)
        timer.recordSeconds(100)
        let text = registry.render()
        #expect(text.hasPrefix("# TYPE wait_seconds histogram\n"))
        #expect(text.contains("wait_seconds_bucket{q=\"x\",le=\"0.0005\"} 0\n"))
        #expect(text.contains("wait_seconds_bucket{q=\"x\",le=\"0.001\"} 1\n"))
        #expect(text.contains("wait_seconds_bucket{q=\"x\",le=\"0.025\"} 2\n"))
        #expect(text.contains("wait_seconds_bucket{q=\"x\",le=\"30\"} 2\n"))
        #expect(text.contains("wait_seconds_bucket{q=\"x\",le=\"+Inf\"} 3\n"))
        #expect(text.contains("wait_seconds_sum{q=\"x\"} 100.021\n"))
        #expect(text.hasSuffix("wait_seconds_count{q=\"x\"} 3\n"))
    }

    @Test func `label sets beyond the bound are added up as other`() {
        for index in 0..<(PrometheusRegistry.seriesPerMetric + 10) {
            counter("hits", [("path", "/\(index)")]).increment()
        }
        let lines = registry.render().split(separator: "\n")
        #expect(lines.count == PrometheusRegistry.seriesPerMetric + 2)
        #expect(lines.contains("hits_total{path=\"other\"} 10"))
    }

    @Test func `one name for two kinds gives two metrics`() {
        Gauge(label: "x", factory: registry).record(1)
        Recorder(label: "x", factory: registry).record(1)
        let text = registry.render()
        #expect(text.contains("# TYPE x gauge\n"))
        #expect(text.contains("# TYPE x_histogram histogram\n"))
    }
}
