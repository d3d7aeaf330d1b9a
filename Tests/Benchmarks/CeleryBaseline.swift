import Glibc
import Kernel
import LocalBroker
import TestSupport

/// Celery doing what can be compared: persistent messages, publisher confirms, late acknowledgement, one worker, and
/// results stored in SQLite. The field's usual tool, on the same broker version and machine, in the same run.
enum CeleryBaseline {
    private static let tasks = 600

    /// - Parameter python: an interpreter that can import celery and sqlalchemy; nil: no baseline.
    static func tasksPerSecond(python: String?) async throws -> Double? {
        guard let python else { return nil }
        return try await withTemporaryDirectory { directory in
            let broker = try await LocalBroker.start(directory: "\(directory)/broker")
            let result: Result<Double, any Error>
            do {
                result = .success(try await measure(python, broker: broker, directory: directory))
            } catch {
                result = .failure(error)
            }
            await broker.stop()
            return try result.get()
        }
    }

    private static func measure(_ python: String, broker: LocalBroker, directory: String) async throws -> Double {
        try SmallFile.write(program, to: "\(directory)/loop.py")
        let environment = [
            "BROKER": broker.url, "RESULTS": "db+sqlite:///\(directory)/results.sqlite", "COUNT": String(tasks),
            "PYTHONPATH": directory,
        ]
        let worker = try ChildProcess(
            python,
            ["-m", "celery", "-A", "loop", "worker", "--concurrency=2", "--loglevel=error"],
            environment: environment,
            logPath: "\(directory)/worker.log"
        )
        let client = try ChildProcess(
            python,
            ["\(directory)/loop.py"],
            environment: environment,
            logPath: "\(directory)/client.log"
        )
        let status = try await client.waitForExit(within: .seconds(180))
        // The results are in; a worker and its children that are asked to stop may take minutes.
        kill(-worker.processID, SIGKILL)
        try await worker.waitForExit()
        let output = try SmallFile.read("\(directory)/client.log")
        guard status == 0, let rate = Double(output.split(separator: "\n").last ?? "") else {
            throw Fault(.internalError, "the Celery baseline failed: \(output.suffix(500))")
        }
        return rate
    }

    private static let program = """
        import os, time
        from celery import Celery, group

        app = Celery("loop", broker=os.environ["BROKER"], backend=os.environ["RESULTS"])
        app.conf.update(task_acks_late=True, task_publish_retry=True, worker_prefetch_multiplier=16,
                        broker_transport_options={"confirm_publish": True}, task_default_delivery_mode="persistent")


        @app.task(name="loop.work")
        def work(number):
            return {"status": "completed", "number": number}


        if __name__ == "__main__":
            work.delay(0).get(timeout=60)
            count = int(os.environ["COUNT"])
            start = time.monotonic()
            results = [work.delay(number) for number in range(count)]
            for result in results:
                result.get(timeout=120, interval=0.01)
            print(count / (time.monotonic() - start))

        """
}
