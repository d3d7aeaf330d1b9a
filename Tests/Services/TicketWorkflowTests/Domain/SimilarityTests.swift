import Contracts
import Testing

@testable import TicketWorkflow

@Suite struct SimilarityTests {
    struct Pair: CustomTestStringConvertible, Sendable {
        var one: (title: String, description: String?)
        var two: (title: String, description: String?)

        init(_ one: String, _ two: String) {
            self.one = (one, nil)
            self.two = (two, nil)
        }

        init(_ one: (String, String?), _ two: (String, String?)) {
            self.one = one
            self.two = two
        }

        var testDescription: String { "\(one.title) | \(two.title)" }

        var scores: [Double] {
            let one = Similarity(title: one.title, description: one.description)
            let two = Similarity(title: two.title, description: two.description)
            return [one.score(two), two.score(one)]
        }
    }

    static let same = [
        Pair("Login page crashes on submit", "Crash on submit of the login page"),
        Pair("Fix authentification timeout", "Fix authentication time-out"),
        Pair("Users cannot log in with Google", "User can't login with google"),
        Pair("Add dark mode toggle to settings", "Implement a dark-mode toggle in the settings"),
        Pair("[Bug] Export to CSV fails for large tables", "bug: export to CSV fails for large tables"),
        Pair("Exporting large tables to CSV fails", "Export of large tables to CSV failing"),
        Pair("Résumé upload is broken", "Resume upload is broken"),
        Pair("Delete unused images nightly", "Remove unused images nightly"),
        Pair("UPGRADE TO SWIFT 6.2!!", "Upgrade to Swift 6.2"),
        Pair("Rate limit the public API", "Rate-limiting of the public API"),
        Pair("検索結果が表示されない", "検索結果が表示されない。"),
        Pair("Write documentation for the webhook API", "Write docs for webhooks API"),
        Pair("Support SSO sign-in via SAML", "Support SSO sign in through SAML"),
        Pair("Memory leak in the websocket handler", "Memory leak in websocket handlers"),
        Pair("Fix", "fix"),
        Pair("!!!", "!!!"),
        Pair(("Cache board view", "Board view is slow with many tickets"), ("Cache the board view", nil)),
        Pair(
            ("Make search faster", "The search takes 5 s on large boards. Add an index on title."),
            ("Make search faster", "Search takes five seconds with large boards; add an index on the title")
        ),
        Pair(
            ("Fix flaky test in CI", "StreamTests fails now and then"),
            ("Fix flaky test in the CI", "StreamTests fails now and then.")
        ),
    ]

    static let different = [
        Pair("Login page crashes on submit", "Add login page"),
        Pair("Convert PDF to HTML", "Convert HTML to PDF"),
        Pair("Release version 1.2", "Release version 1.3"),
        Pair("Step 1: create schema", "Step 2: create schema"),
        Pair("A ticket of the benchmark 17", "A ticket of the benchmark 18"),
        Pair("Enable dark mode for all users in settings", "Disable dark mode for all users in settings"),
        Pair(
            "Add a dark mode toggle to the settings page for all users",
            "Remove the dark mode toggle from the settings page for all users"
        ),
        Pair("Import customers from CSV file", "Export customers to CSV file"),
        Pair(
            "Add rate limiting to the public client API endpoints",
            "Add rate limiting to the public server API endpoints"
        ),
        Pair("Write unit tests for billing", "Write integration tests for billing"),
        Pair("Rename user table", "Rename order table"),
        Pair("Update README", "Update CHANGELOG"),
        Pair("Add index to tasks table", "Add index to tickets table"),
        Pair("Add pagination to GET /tickets", "Add pagination to GET /tasks"),
        Pair("Encrypt backups at rest", "Decrypt backups at rest"),
        Pair("Implement login", "Implement logout"),
        Pair("Synchronous replication of the event log", "Asynchronous replication of the event log"),
        Pair("Migrate users from MySQL to Postgres", "Migrate orders from MySQL to Postgres"),
        Pair(
            "Add validation for the email field in the registration form of the mobile app",
            "Add validation for the phone field in the registration form of the mobile app"
        ),
        Pair("Upgrade to Swift 6", "Upgrade to Swift"),
        Pair("Fix crash in parser", "Fix crash in printer"),
        Pair("修复登录错误", "添加支付功能"),
        Pair("!!!", "???"),
        Pair(
            ("Fix flaky test", "StreamTests fails now and then"),
            ("Fix flaky test", "The snapshot of the login form differs by a pixel on Fridays")
        ),
        Pair(
            ("Make search faster", "The search takes 5 s on large boards"),
            ("Make search prettier", "Rounded corners in the search box")
        ),
    ]

    @Test(arguments: same)
    func `the same thing in other words is a duplicate`(pair: Pair) {
        for score in pair.scores { #expect(score >= DuplicateCheck.defaultThreshold) }
    }

    @Test(arguments: different)
    func `another thing in similar words is none`(pair: Pair) {
        for score in pair.scores { #expect(score < DuplicateCheck.defaultThreshold) }
    }

    @Test(arguments: same + different)
    func `scores are symmetric, within 0 and 1, and 1 of a text with itself`(pair: Pair) {
        let scores = pair.scores
        #expect(abs(scores[0] - scores[1]) < 0.000_001)
        #expect((0...1).contains(scores[0]))
        #expect(Pair(pair.one, pair.one).scores == [1, 1])
    }

    @Test(arguments: same + different)
    func `what the caller asks for at least never changes the verdict`(pair: Pair) {
        let one = Similarity(title: pair.one.title, description: pair.one.description)
        let two = Similarity(title: pair.two.title, description: pair.two.description)
        for least in [0.5, 0.85, 0.95] {
            #expect((one.score(two, least: least) >= least) == (one.score(two) >= least))
        }
    }

    @Test(arguments: [
        ("saving", "save"), ("saved", "saves"), ("running", "run"), ("stories", "story"), ("classes", "class"),
        ("boxes", "box"), ("authentication", "authenticate"), ("status", "status"), ("pass", "pass"),
    ])
    func `endings do not matter`(one: String, two: String) {
        #expect(Wording.stem(one) == Wording.stem(two))
    }

    @Test func `the words looked up are those of the title first, each once, and bounded`() {
        let long = (0..<500).map { "word\($0)" }.joined(separator: " ")
        let terms = Similarity(title: "Login login crash", description: "crash \(long)").terms
        #expect(terms.prefix(3) == ["login", "crash", "word0"])
        #expect(terms.count == 48)
        #expect(Set(terms).count == terms.count)
    }
}
