import Contracts
import FoundationEssentials
import GRDB
import Glibc
import Kernel
import ServiceKit
import Storage

/// What happens once in the life of an installation: the signing key is made, the first admin token is handed out.
enum FirstStart {
    /// The key that signs tokens; made when there is none.
    static func signer(_ store: Store, now: Timestamp) async throws -> TokenSigner {
        let seed = try await store.write { database in
            if let seed = try SecretStore.find(SecretStore.signingKey, in: database) { return seed }
            let seed = TokenSigner.makeSeed()
            try SecretStore.insert(SecretStore.signingKey, seed, at: now, in: database)
            return seed
        }
        return try TokenSigner(seed: seed)
    }

    /// Writes the admin token to its file, once. A start that was interrupted in between writes another one over it,
    /// because only the store says that it was done.
    ///
    /// - Returns: whether this was the first start.
    /// - Throws: ``Fault`` `unavailable` that names the file when it cannot be written.
    static func handOutAdminToken(
        _ store: Store,
        _ tokens: TokenIssuer,
        file: String,
        source: String,
        now: Timestamp
    ) async throws -> Bool {
        let isDone = try await store.read { try SecretStore.find(SecretStore.adminToken, in: $0) != nil }
        guard !isDone else { return false }
        let token = AccessToken(
            id: .make(),
            subject: "admin",
            scope: .admin,
            issuedAt: now,
            expiresAt: now + TokenIssuer.adminLifetime
        )
        try writePrivate(Array((try tokens.sign(token) + "\n").utf8), to: file)
        try await store.write { database in
            let transaction = Transaction(database, now: now, actor: .service("ticket-workflow"), source: source)
            try TokenStore.insert(token, in: database)
            try transaction.emit(.tokenIssued, EventData(token))
            try SecretStore.insert(SecretStore.adminToken, Array(token.id.description.utf8), at: now, in: database)
        }
        return true
    }

    /// Writes a file that only its owner can read; it is there completely or not at all.
    private static func writePrivate(_ bytes: [UInt8], to path: String) throws {
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        let isWritten = write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        close(file)
        guard isWritten, rename(temporary, path) == 0 else {
            let error = failure(path)
            unlink(temporary)
            throw error
        }
    }

    private static func failure(_ path: String) -> Fault {
        Fault(
            .unavailable,
            "OMOI_ADMIN_TOKEN_FILE: cannot write \(path): \(String(cString: strerror(errno)))"
        )
    }
}
