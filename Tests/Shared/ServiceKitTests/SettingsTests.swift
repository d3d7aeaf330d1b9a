import Kernel
import TestSupport
import Testing

@testable import ServiceKit

@Suite struct SettingsTests {
    private static let keys = [
        ConfigurationKey("http.port", .port(allowsZero: false), default: "8080", "port of the API"),
        ConfigurationKey("sandbox.slots", .integer(1...64), default: "4", "sandboxes at once"),
        ConfigurationKey("lease.seconds", .seconds(1...600), default: "30", "lease"),
        ConfigurationKey("gateway.url", .url(schemes: ["http", "https"]), "the gateway"),
        ConfigurationKey("sandbox.provider", .choice(["bubblewrap", "process"]), default: "bubblewrap", "isolation"),
        ConfigurationKey("admin.token.file", .readableFile, "file of the admin's token"),
        ConfigurationKey("worker", .executable, "the worker"),
        ConfigurationKey("verbose", .boolean, "say more"),
        ConfigurationKey("allowed.hosts", .list, "further names"),
        ConfigurationKey("api.secret", .integer(0...9), secret: true, "a secret"),
    ]

    private func settings(
        _ environment: [String: String] = [:],
        _ arguments: [String] = [],
        keys: [ConfigurationKey] = keys
    ) throws(ConfigurationError) -> Settings {
        try Settings(keys: keys, arguments: ["omoi-test"] + arguments, environment: environment)
    }

    @Test func `defaults hold where nothing is set`() throws {
        let settings = try settings()
        #expect(try settings.integer("http.port") == 8080)
        #expect(try settings.duration("lease.seconds") == .seconds(30))
        #expect(settings.optionalText("gateway.url") == nil)
        #expect(!settings.flag("verbose"))
        #expect(settings.list("allowed.hosts").isEmpty)
    }

    @Test func `a variable wins over the default and an argument over the variable`() throws {
        let environment = ["OMOI_HTTP_PORT": "81", "OMOI_SANDBOX_SLOTS": "7"]
        #expect(try settings(environment).integer("http.port") == 81)
        #expect(try settings(environment, ["--http-port", "82"]).integer("http.port") == 82)
        #expect(try settings(environment, ["--http-port=83", "--verbose=true"]).integer("http.port") == 83)
        #expect(try settings(environment, ["--http-port=83"]).integer("sandbox.slots") == 7)
    }

    @Test func `an empty variable counts as not set`() throws {
        #expect(try settings(["OMOI_HTTP_PORT": ""]).integer("http.port") == 8080)
    }

    @Test func `a list is split at commas`() throws {
        #expect(try settings(["OMOI_ALLOWED_HOSTS": "a,b.example"]).list("allowed.hosts") == ["a", "b.example"])
    }

    @Test(arguments: [
        ("OMOI_HTTP_PORT", "abc", "a port number from 1 to 65535"),
        ("OMOI_HTTP_PORT", "0", "a port number from 1 to 65535"),
        ("OMOI_HTTP_PORT", "65536", "a port number from 1 to 65535"),
        ("OMOI_HTTP_PORT", "-1", "a port number"),
        ("OMOI_HTTP_PORT", "80 ", "a port number"),
        ("OMOI_SANDBOX_SLOTS", "0", "a whole number from 1 to 64"),
        ("OMOI_SANDBOX_SLOTS", "four", "a whole number from 1 to 64"),
        ("OMOI_SANDBOX_SLOTS", "99999999999999999999", "a whole number"),
        ("OMOI_LEASE_SECONDS", "1.5", "a whole number of seconds from 1 to 600"),
        ("OMOI_GATEWAY_URL", "localhost:8080", "a URL such as http://host:port"),
        ("OMOI_GATEWAY_URL", "ftp://host", "a URL"),
        ("OMOI_GATEWAY_URL", "http://", "a URL"),
        ("OMOI_GATEWAY_URL", "http://:80", "a URL"),
        ("OMOI_GATEWAY_URL", "http://host:port", "a URL"),
        ("OMOI_GATEWAY_URL", "http://ho st", "a URL"),
        ("OMOI_SANDBOX_PROVIDER", "docker", "one of bubblewrap, process"),
        ("OMOI_ADMIN_TOKEN_FILE", "/nonexistent/file", "a file that exists and can be read"),
        ("OMOI_ADMIN_TOKEN_FILE", "/", "a file that exists and can be read"),
        ("OMOI_WORKER", "/etc/passwd", "a file that exists and can be executed"),
        ("OMOI_VERBOSE", "yes", "true or false"),
    ])
    func `a wrong value is refused in one line that names the variable and what is right`(
        variable: String,
        value: String,
        expectation: String
    ) throws {
        let error = try #require(throws: ConfigurationError.self) { try settings([variable: value]) }
        #expect(error.description.contains(variable))
        #expect(error.description.contains(expectation))
        #expect(error.description.contains("'\(value)'"))
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: ["http://host", "https://host:8443/path?x=1", "http://[::1]:80", "http://user@host"])
    func `good URLs pass`(url: String) throws {
        #expect(try settings(["OMOI_GATEWAY_URL": url]).text("gateway.url") == url)
    }

    @Test(arguments: [
        (["--http-prt", "80"], "unknown argument '--http-prt'"), (["80"], "unknown argument '80'"),
        (["--http-port"], "--http-port must be followed by a value"),
        (["--http-port", "--verbose"], "--http-port must be followed by a value"),
        (["--http-port", "80", "81"], "unknown argument '81'"),
        (["--http-port", "abc"], "OMOI_HTTP_PORT (--http-port) must be a port number"),
        (["--allowed-hosts", "a,b"], "use the variable OMOI_ALLOWED_HOSTS"),
    ])
    func `wrong arguments are refused`(arguments: [String], text: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try settings([:], arguments) }
        #expect(error.description.contains(text))
    }

    @Test func `a secret is not repeated in the error`() throws {
        let error = try #require(throws: ConfigurationError.self) { try settings(["OMOI_API_SECRET": "hunter2"]) }
        #expect(error.description.contains("OMOI_API_SECRET"))
        #expect(!error.description.contains("hunter2"))
    }

    @Test func `a required key without a value is refused`() throws {
        let keys = [ConfigurationKey("instance", required: true, "name of this orchestrator")]
        let error = try #require(throws: ConfigurationError.self) { try settings(keys: keys) }
        #expect(error.description == "OMOI_INSTANCE (--instance) must be set: name of this orchestrator")
    }

    @Test func `help lists every key with variable, default and meaning`() {
        let help = Settings.help(service: "omoi-test", keys: Self.keys)
        for key in Self.keys {
            #expect(help.contains("\(key.argument)  (\(key.variable))"))
            #expect(help.contains(key.meaning))
        }
        #expect(help.contains("default: 8080"))
    }
}

@Suite struct CommonConfigurationTests {
    private func common(
        _ environment: [String: String],
        usesBroker: Bool = true
    ) throws(ConfigurationError) -> CommonConfiguration {
        let settings = try Settings(
            keys: CommonConfiguration.keys,
            arguments: ["omoi-test"],
            environment: environment
        )
        return try CommonConfiguration(
            service: "omoi-test",
            settings: settings,
            usesBroker: usesBroker,
            environment: environment
        )
    }

    @Test(arguments: [
        (["OMOI_HOME": "/a", "XDG_STATE_HOME": "/b", "HOME": "/c"], "/a"),
        (["XDG_STATE_HOME": "/b", "HOME": "/c"], "/b/omoi"),
        (["XDG_STATE_HOME": "b", "HOME": "/c"], "/c/.local/state/omoi"),
    ])
    func `the home is found`(environment: [String: String], home: String) throws {
        #expect(try common(environment, usesBroker: false).home == home)
    }

    @Test func `without any home the start is refused`() throws {
        let error = try #require(throws: ConfigurationError.self) { try common([:], usesBroker: false) }
        #expect(error.description.contains("OMOI_HOME"))
    }

    @Test func `the broker comes from the variable, else from the file in the home`() async throws {
        try await withTemporaryDirectory { directory in
            let missing = try #require(throws: ConfigurationError.self) { try common(["OMOI_HOME": directory]) }
            #expect(missing.description.contains("OMOI_AMQP_URL"))
            #expect(missing.description.contains("\(directory)/amqp.url"))

            try write("amqp://u:p@127.0.0.1:1/\n", to: directory + "/amqp.url")
            #expect(try common(["OMOI_HOME": directory]).amqpURL == "amqp://u:p@127.0.0.1:1/")
            let variable = ["OMOI_HOME": directory, "OMOI_AMQP_URL": "amqp://u:p@127.0.0.1:2/"]
            #expect(try common(variable).broker("publish").connectionName == "omoi-test publish")
            #expect(try common(variable).amqpURL == "amqp://u:p@127.0.0.1:2/")
        }
    }

    @Test(arguments: ["http://127.0.0.1", "amqp://u:hunter2@:5672", "amqp://u:hunter2@host:99999"])
    func `a wrong broker URL is refused without its password`(url: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try common(["OMOI_HOME": "/tmp", "OMOI_AMQP_URL": url])
        }
        #expect(error.description.contains("OMOI_AMQP_URL"))
        #expect(!error.description.contains("hunter2"))
    }

    @Test func `the data directory is made, and a home that cannot be written is named`() async throws {
        try await withTemporaryDirectory { directory in
            let common = try common(["OMOI_HOME": directory + "/a/b"], usesBroker: false)
            #expect(try common.storePath() == directory + "/a/b/data/omoi-test.sqlite")
            #expect(try common.storePath("other") == directory + "/a/b/data/other.sqlite")
        }
        let error = try #require(throws: ConfigurationError.self) {
            try common(["OMOI_HOME": "/proc/nothing"], usesBroker: false).storePath()
        }
        #expect(error.description.contains("OMOI_HOME"))
    }
}
