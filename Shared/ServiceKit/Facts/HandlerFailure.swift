import GRDB
import Kernel

/// Whether an error thrown inside a transaction is about the message or about the store.
enum HandlerFailure {
    /// True for errors of the disk and of the connection: they must end the unit, never be blamed on the message.
    static func isOfStore(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        let codes: [ResultCode] = [
            .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_NOMEM, .SQLITE_CANTOPEN,
            .SQLITE_READONLY, .SQLITE_INTERRUPT, .SQLITE_BUSY, .SQLITE_LOCKED,
        ]
        return codes.contains(error.resultCode.primaryResultCode)
    }

    /// In words for a row or a log; never a payload.
    static func describe(_ error: any Error) -> String {
        switch error {
        case let fault as Fault: "\(fault.code.rawValue): \(fault.message)"
        case let kept as KeptFault: "\(kept.fault.code.rawValue): \(kept.fault.message)"
        default: String(String(describing: error).prefix(1000))
        }
    }
}
