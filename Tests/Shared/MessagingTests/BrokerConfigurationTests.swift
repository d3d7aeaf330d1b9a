import Kernel
import Testing

@testable import Messaging

struct BrokerConfigurationTests {
    @Test(arguments: [
        ("amqp://localhost", "localhost", 5672, "guest", "guest", "/"),
        ("amqp://u:p@10.0.0.1:1234/\n", "10.0.0.1", 1234, "u", "p", "/"),
        ("amqp://u:p%40x%2F@h/v%2Fw", "h", 5672, "u", "p@x/", "v/w"),
        ("amqp://u@h:1/app", "h", 1, "u", "guest", "app"),
        ("amqp://[::1]:5673/", "::1", 5673, "guest", "guest", "/"),
        ("amqps://u:p@broker.example/app", "broker.example", 5671, "u", "p", "app"),
    ])
    func `reads the URL`(
        _ url: String,
        _ host: String,
        _ port: Int,
        _ user: String,
        _ password: String,
        _ virtualHost: String
    ) throws {
        let broker = try BrokerConfiguration(url: url, connectionName: "test")
        #expect(broker.host == host && broker.port == port)
        #expect(broker.user == user && broker.password == password)
        #expect(broker.virtualHost == virtualHost)
        #expect((broker.tls != nil) == url.hasPrefix("amqps"))
    }

    @Test func `reads TLS files and heartbeat from the query`() throws {
        let broker = try BrokerConfiguration(
            url: "amqps://h?cacertfile=/a.pem&certfile=/c.pem&keyfile=%2Fk.pem&heartbeat=30",
            connectionName: "test"
        )
        #expect(
            broker.tls
                == BrokerConfiguration.TLS(authorityFile: "/a.pem", certificateFile: "/c.pem", keyFile: "/k.pem")
        )
        #expect(broker.heartbeat == .seconds(30))
    }

    @Test(arguments: [
        "", "localhost", "http://h", "amqp://", "amqp://u:secret@:1", "amqp://u:secret@h:0", "amqp://u:secret@h:x",
        "amqp://u:secret%4@h", "amqp://u:secret@h?heartbeat=0", "amqp://u:secret@h?colour=red", "amqp://u:secret@[::1",
        "amqp://[::1]x",
    ])
    func `refuses in one line that names the variable and hides the password`(_ url: String) {
        let fault = #expect(throws: Fault.self) { _ = try BrokerConfiguration(url: url, connectionName: "test") }
        #expect(fault?.message.contains("OMOI_AMQP_URL") == true)
        #expect(fault?.message.contains("secret") == false)
        #expect(fault?.message.contains("\n") == false)
    }
}
