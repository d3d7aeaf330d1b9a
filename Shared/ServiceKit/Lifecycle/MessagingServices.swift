import Messaging
import ServiceLifecycle

/// Runs a ``Publisher`` until the process stops.
package struct PublisherService: Service {
    private let publisher: Publisher

    package init(_ publisher: Publisher) {
        self.publisher = publisher
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await publisher.run()
        } onGracefulShutdown: {
            publisher.stop()
        }
    }
}

/// Runs a ``Consumer`` until the process stops: it takes no more, drains its handler, acks and closes.
package struct ConsumerService: Service {
    private let consumer: Consumer

    package init(_ consumer: Consumer) {
        self.consumer = consumer
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run()
        } onGracefulShutdown: {
            consumer.stop()
        }
    }
}

/// Runs a ``Requester`` until the process stops.
package struct RequesterService: Service {
    private let requester: Requester

    package init(_ requester: Requester) {
        self.requester = requester
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await requester.run()
        } onGracefulShutdown: {
            requester.stop()
        }
    }
}
