import Glibc
import Kernel
import LocalBroker
import TestSupport
import Testing

@testable import Messaging

extension SharedBrokerTests {
    @Suite(.serialized)
    struct TLSTests {
        private let lab: Lab

        init() throws {
            lab = try Lab()
        }

        /// A certificate authority and a certificate for `name`, made by the openssl program.
        private func makeCertificates(for name: String, in directory: String) throws {
            let commands = """
                set -e; cd '\(directory)'
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
                openssl req -newkey rsa:2048 -nodes -subj /CN=\(name) -keyout key.pem -out request.pem
                echo 'subjectAltName=DNS:\(name)' > names
                openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names \
                    -out certificate.pem
                """
            let file = directory + "/make.sh"
            let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            let bytes = Array(commands.utf8)
            try #require(write(descriptor, bytes, bytes.count) == bytes.count)
            close(descriptor)
            try #require(system("/bin/sh '\(file)' > '\(directory)/make.log' 2>&1") == 0)
        }

        /// Makes the broker listen for TLS with the certificates in `directory`.
        private func listen(on port: Int, certificates directory: String) async throws {
            let options = """
                [{cacertfile, "\(directory)/ca.pem"}, {certfile, "\(directory)/certificate.pem"}, \
                {keyfile, "\(directory)/key.pem"}, {verify, verify_none}]
                """
            _ = try await lab.broker.control([
                "eval",
                """
                {ok, _} = application:ensure_all_started(ssl), \
                ok = rabbit_networking:start_ssl_listener({{127,0,0,1}, \(port), inet}, \(options), 1).
                """,
            ])
        }

        private func configuration(host: String, port: Int, authority: String) throws -> BrokerConfiguration {
            var configuration = try lab.configuration()
            configuration.host = host
            configuration.port = port
            configuration.tls = BrokerConfiguration.TLS(authorityFile: authority)
            return configuration
        }

        @Test func `a verified connection works, another authority or name is refused`() async throws {
            try await withTemporaryDirectory { directory in
                try makeCertificates(for: "localhost", in: directory)
                let port = Int.random(in: 20_000..<32_000)
                try await listen(on: port, certificates: directory)
                let queue = lab.queue("tls")
                let good = try configuration(host: "localhost", port: port, authority: directory + "/ca.pem")
                let publisher = Publisher(good, topology: lab.topology(queue))
                try await running({ try await publisher.run() }, stop: { publisher.stop() }) {
                    let outcomes = await publisher.publish((0..<600).map { lab.message($0, to: queue, bytes: 2000) })
                    #expect(outcomes.count == 600 && outcomes.allSatisfy { $0 == .confirmed })
                }
                let basket = Basket()
                let consumer = Consumer(
                    good,
                    topology: lab.topology(queue),
                    subscriptions: [Subscription(queue: queue) { basket.add($0) }]
                )
                try await running({ try await consumer.run() }, stop: { consumer.stop() }) {
                    try await basket.waitFor(600)
                }
                #expect(basket.numbers == Array(0..<600))
                #expect(throws: ConnectionFailure.self) {
                    _ = try AMQPConnection(
                        configuration(
                            host: "localhost",
                            port: port,
                            authority: "/etc/ssl/certs/ca-certificates.crt"
                        )
                    )
                }
                #expect(throws: ConnectionFailure.self) {
                    _ = try AMQPConnection(
                        configuration(host: "127.0.0.1", port: port, authority: directory + "/ca.pem")
                    )
                }
            }
        }
    }
}
