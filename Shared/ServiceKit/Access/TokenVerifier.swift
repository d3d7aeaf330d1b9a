import Contracts
import Crypto
import FoundationEssentials
import JWTKit
import Kernel
import Synchronization

/// A token that may be trusted.
package struct VerifiedToken: Sendable, Equatable {
    package var actor: Actor
    /// The token's own id.
    package var id: Identifier
    package var expiresAt: Timestamp
}

/// Verifies tokens signed by one key. Verified ones are remembered by the SHA-256 of their text, because every request
/// carries one; expiry and revocation are checked every time.
package struct TokenVerifier: Sendable {
    /// Key id in the header of the tokens it accepts.
    package let keyID: String
    package let revoked: RevokedTokens
    private let key: Curve25519.Signing.PublicKey
    private let cache = VerifiedTokens()

    /// Longest token that is looked at, bytes.
    private static let length = 4096

    /// - Throws: ``Fault`` `internal-error` when `key` is not an Ed25519 public key.
    package init(key: VerificationKey, revoked: RevokedTokens = RevokedTokens()) throws(Fault) {
        guard let bytes = Base64URL.decode(key.x),
            let point = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else { throw Fault(.internalError, "the verification key is not an Ed25519 public key") }
        self.key = point
        self.keyID = key.keyID
        self.revoked = revoked
    }

    /// - Throws: ``Fault`` `unauthenticated`, with words that help the holder and no more.
    package func verify(_ token: String, now: Timestamp) throws(Fault) -> VerifiedToken {
        guard token.utf8.count <= Self.length else { throw Self.invalid("it is too long") }
        let digest = Self.digest(of: token)
        let verified: VerifiedToken
        if let known = cache.find(digest) {
            verified = known
        } else {
            verified = try check(token)
            cache.insert(verified, for: digest)
        }
        guard now < verified.expiresAt else { throw Self.invalid("it has expired") }
        guard !revoked.contains(verified.id) else { throw Self.invalid("it was revoked") }
        return verified
    }

    /// The key id in a token's header, unverified; nil when it is no token.
    package static func keyID(of token: String) -> String? {
        guard token.utf8.count <= length, let part = token.split(separator: ".").first,
            let bytes = Base64URL.decode(String(part)),
            let header = try? ContractCoder.decode(JWTHeader.self, from: bytes)
        else { return nil }
        return header.kid
    }

    private func check(_ token: String) throws(Fault) -> VerifiedToken {
        guard let dot = token.lastIndex(of: "."), let parsed = try? Self.parse(token) else {
            throw Self.invalid("it cannot be read")
        }
        let (header, claims, signature) = parsed
        guard header.alg == "EdDSA", header.crit == nil else { throw Self.invalid("its algorithm is not EdDSA") }
        guard header.kid == keyID else { throw Self.invalid("it was signed by another key") }
        guard key.isValidSignature(signature, for: Data(token[..<dot].utf8)) else {
            throw Self.invalid("its signature is wrong")
        }
        guard claims.issuer == TokenClaims.issuer else { throw Self.invalid("its issuer is not omoi") }
        guard let actor = claims.actor else { throw Self.invalid("its binding is incomplete") }
        guard claims.expiresAt <= Int64.max / 1000, claims.expiresAt >= 0 else {
            throw Self.invalid("its expiry is wrong")
        }
        return VerifiedToken(
            actor: actor,
            id: claims.id,
            expiresAt: Timestamp(milliseconds: claims.expiresAt * 1000)
        )
    }

    private static func parse(_ token: String) throws -> (JWTHeader, TokenClaims, Data) {
        let parsed = try DefaultJWTParser().parse(Data(token.utf8), as: TokenClaims.self)
        return (parsed.header, parsed.payload, parsed.signature)
    }

    private static func digest(of token: String) -> SHA256.Digest {
        var token = token
        return token.withUTF8 { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return hash.finalize()
        }
    }

    private static func invalid(_ reason: String) -> Fault {
        Fault(.unauthenticated, "the token is not valid: \(reason)")
    }
}

/// A bounded memory of verified tokens.
private final class VerifiedTokens: Sendable {
    /// When full everything is forgotten: simple, and rare with fewer holders than this.
    private static let limit = 10_000
    private let tokens = Mutex<[SHA256.Digest: VerifiedToken]>([:])

    func find(_ digest: SHA256.Digest) -> VerifiedToken? { tokens.withLock { $0[digest] } }

    func insert(_ token: VerifiedToken, for digest: SHA256.Digest) {
        tokens.withLock { tokens in
            if tokens.count >= Self.limit { tokens.removeAll(keepingCapacity: true) }
            tokens[digest] = token
        }
    }
}
