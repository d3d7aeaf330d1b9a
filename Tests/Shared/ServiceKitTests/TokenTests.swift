import Contracts
import JWTKit
import Kernel
import TestSupport
import Testing

@testable import ServiceKit

@Suite struct TokenTests {
    private let now = Timestamp(milliseconds: 1_800_000_000_000)
    private let signer: TokenSigner
    private let revoked = RevokedTokens()
    private let verifier: TokenVerifier

    init() throws {
        signer = try TokenSigner(seed: TokenSigner.makeSeed())
        verifier = try TokenVerifier(key: signer.verificationKey, revoked: revoked)
    }

    private static let member = Actor(subject: "ann", scope: .member, projectID: .make())
    private static let sandbox = Actor(
        subject: "sandbox",
        scope: .sandbox,
        projectID: .make(),
        binding: Actor.Binding(sandboxID: .make(), taskID: .make(), attempt: 2, fence: 7)
    )

    private func claims(_ actor: Actor, expiresIn: Duration = .seconds(60)) -> TokenClaims {
        TokenClaims(actor: actor, id: .make(), issuedAt: now, expiresAt: now + expiresIn)
    }

    private func refusal(of token: String, at time: Timestamp? = nil) -> String? {
        do {
            _ = try verifier.verify(token, now: time ?? now)
            return nil
        } catch {
            #expect(error.code == .unauthenticated)
            #expect(!error.message.contains(token) || token.isEmpty)
            return error.message
        }
    }

    @Test(arguments: [member, sandbox, Actor(subject: "root", scope: .admin)])
    func `a signed token tells who the holder is`(actor: Actor) throws {
        let claims = claims(actor)
        let verified = try verifier.verify(try signer.sign(claims), now: now)
        #expect(verified.actor == actor)
        #expect(verified.id == claims.id)
        #expect(verified.expiresAt == now + .seconds(60))
    }

    @Test func `other JWT libraries accept our tokens and we accept theirs`() async throws {
        let seed = TokenSigner.makeSeed()
        let signer = try TokenSigner(seed: seed)
        let key = try EdDSA.PrivateKey(d: Base64URL.encode(seed), curve: .ed25519)
        let keys = await JWTKeyCollection().add(eddsa: key, kid: JWKIdentifier(string: signer.verificationKey.keyID))
        let claims = claims(Self.sandbox)
        let ours = try await keys.verify(try signer.sign(claims), as: TokenClaims.self)
        #expect(ours == claims)
        let theirs = try await keys.sign(claims, kid: JWKIdentifier(string: signer.verificationKey.keyID))
        #expect(try TokenVerifier(key: signer.verificationKey).verify(theirs, now: now).actor == Self.sandbox)
    }

    @Test func `an expired token is refused, also when it is remembered`() throws {
        let token = try signer.sign(claims(Self.member))
        #expect(refusal(of: token) == nil)
        #expect(refusal(of: token, at: now + .seconds(59)) == nil)
        #expect(refusal(of: token, at: now + .seconds(60))?.contains("expired") == true)
    }

    @Test func `a revoked token is refused at once`() throws {
        let claims = claims(Self.member)
        let token = try signer.sign(claims)
        #expect(refusal(of: token) == nil)
        revoked.insert(claims.id)
        #expect(refusal(of: token)?.contains("revoked") == true)
    }

    @Test func `a token of another key is refused`() throws {
        let other = try TokenSigner(seed: TokenSigner.makeSeed())
        #expect(refusal(of: try other.sign(claims(Self.member)))?.contains("another key") == true)
    }

    @Test func `a forged signature under the right key id is refused`() throws {
        let good = try signer.sign(claims(Self.member))
        let strong = try signer.sign(claims(Actor(subject: "root", scope: .admin)))
        let parts = good.split(separator: ".")
        let forged = [parts[0], strong.split(separator: ".")[1], parts[2]].joined(separator: ".")
        #expect(refusal(of: forged)?.contains("signature") == true)
    }

    @Test func `every changed character is noticed`() throws {
        let token = try signer.sign(claims(Self.sandbox))
        for index in token.indices where token[index] != "." && token.index(after: index) != token.endIndex {
            var changed = token
            changed.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            #expect(refusal(of: changed) != nil)
        }
    }

    @Test(arguments: [#"{"alg":"none"}"#, #"{"alg":"HS256","typ":"JWT"}"#, #"{"alg":"EdDSA","crit":["x"]}"#])
    func `another algorithm is refused`(header: String) throws {
        let parts = try signer.sign(claims(Self.member)).split(separator: ".")
        let token = "\(Base64URL.encode(Array(header.utf8))).\(parts[1]).\(parts[2])"
        #expect(refusal(of: token) != nil)
    }

    @Test(arguments: ["", ".", "..", "a.b.c", "no token", String(repeating: "a", count: 5000), "\u{0}"])
    func `garbage is refused`(token: String) {
        #expect(refusal(of: token) != nil)
    }

    @Test func `a sandbox token without its binding, or with half of it, is refused`() throws {
        #expect(refusal(of: try signer.sign(claims(Actor(subject: "x", scope: .sandbox)))) != nil)
        var half = claims(Self.sandbox)
        half.fence = nil
        #expect(refusal(of: try signer.sign(half)) != nil)
    }

    @Test func `another issuer is refused`() throws {
        var claims = claims(Self.member)
        claims.issuer = "elsewhere"
        #expect(refusal(of: try signer.sign(claims))?.contains("issuer") == true)
    }
}

@Suite(.timeLimit(.minutes(1))) struct KeyProviderTests {
    /// The owner of the key, as far as a verifier sees it.
    private actor Owner {
        var key: VerificationKey?
        var questions = 0

        func become(_ key: VerificationKey) { self.key = key }

        func answer() throws -> VerificationKey {
            questions += 1
            guard let key else { throw Fault(.unavailable, "away") }
            return key
        }
    }

    private actor Kept {
        var key: VerificationKey?
        init(_ key: VerificationKey? = nil) { self.key = key }
        func save(_ key: VerificationKey) { self.key = key }
    }

    private let time = ManualTime()
    private let owner = Owner()

    private func provider(_ kept: Kept) -> KeyProvider {
        KeyProvider(
            revoked: RevokedTokens(),
            time: time,
            load: { await kept.key },
            save: { await kept.save($0) },
            fetch: { [owner] in try await owner.answer() }
        )
    }

    private func token(_ signer: TokenSigner) throws -> String {
        let now = time.now()
        let actor = Actor(subject: "ann", scope: .member)
        return try signer.sign(TokenClaims(actor: actor, id: .make(), issuedAt: now, expiresAt: now + .seconds(60)))
    }

    @Test func `the kept key is used while the owner is away`() async throws {
        let signer = try TokenSigner(seed: TokenSigner.makeSeed())
        let provider = provider(Kept(signer.verificationKey))
        // Unstructured: it runs beside the test's own steps, which end it.
        let running = Task { try await provider.run() }
        defer { running.cancel() }
        try await eventually("the kept key is loaded") { provider.isReady }
        #expect(try await provider.verify(try token(signer), now: time.now()).actor.subject == "ann")
    }

    @Test func `without any key the answer is unavailable, and the owner's key is kept when it comes`() async throws {
        let signer = try TokenSigner(seed: TokenSigner.makeSeed())
        let kept = Kept()
        let provider = provider(kept)
        let fault = await #expect(throws: Fault.self) { try await provider.verify("a.b.c", now: time.now()) }
        #expect(fault?.code == .unavailable)
        // Unstructured: it runs beside the test's own steps, which end it.
        let running = Task { try await provider.run() }
        defer { running.cancel() }
        await owner.become(signer.verificationKey)
        try await eventually("the owner's key arrives") { provider.isReady }
        try await eventually("it is kept") { await kept.key == signer.verificationKey }
    }

    @Test func `a token of an unknown key makes the provider ask, but not for every request`() async throws {
        let old = try TokenSigner(seed: TokenSigner.makeSeed())
        let new = try TokenSigner(seed: TokenSigner.makeSeed())
        await owner.become(old.verificationKey)
        let provider = provider(Kept())
        // Unstructured: it runs beside the test's own steps, which end it.
        let running = Task { try await provider.run() }
        defer { running.cancel() }
        try await eventually("the first key arrives") { provider.isReady }
        let asked = await owner.questions
        for _ in 0..<5 {
            await #expect(throws: Fault.self) { try await provider.verify(try token(new), now: time.now()) }
        }
        #expect(await owner.questions == asked + 1)
        await owner.become(new.verificationKey)
        time.advance(by: .seconds(6))
        #expect(try await provider.verify(try token(new), now: time.now()).actor.subject == "ann")
    }
}
