import FoundationEssentials
import Glibc

/// Standard input.
enum FileDescriptorInput {
    /// Everything up to the end of standard input.
    static func readAll() -> Data {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            guard count > 0 else { return data }
            data.append(contentsOf: buffer[..<count])
        }
    }
}
