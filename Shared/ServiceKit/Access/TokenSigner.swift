import Contracts
import Crypto
import FoundationEssentials
import JWTKit
import Kernel

/// Signs tokens. Synchronous: it runs inside the transaction that stores the token's id.
package struct TokenSigner: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    /// What verifiers need.
    package let verificationKey: VerificationKey

    /// - Parameter seed: the private key, 32 random bytes. Secret.
    /// - Throws: ``Fault`` `internal-error` when it is not 32 bytes.
    package init(seed: [UInt8]) throws(Fault) {
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            throw Fault(.internalError, "the signing key must be 32 bytes", cause: error)
        }
        let bytes = Array(key.publicKey.rawRepresentation)
        let digest = SHA256.hash(data: bytes)
        verificationKey = VerificationKey(
            x: Base64URL.encode(bytes),
            keyID: Base64URL.encode(Array(digest.prefix(9)))
        )
    }

    /// A new private key.
    package static func makeSeed() -> [UInt8] { Array(Curve25519.Signing.PrivateKey().rawRepresentation) }

    /// The signed text. Secret: shown once, never stored or logged.
    package func sign(_ claims: TokenClaims) throws -> String {
        var header = JWTHeader()
        header.alg = "EdDSA"
        header.typ = "JWT"
        header.kid = verificationKey.keyID
        let serializer = DefaultJWTSerializer()
        let encodedHeader = Base64URL.encode(Array(try serializer.jsonEncoder.encode(header)))
        let payload = String(decoding: try serializer.serialize(claims, header: header), as: UTF8.self)
        let input = "\(encodedHeader).\(payload)"
        return "\(input).\(Base64URL.encode(Array(try key.signature(for: Data(input.utf8)))))"
    }
}
