/// The meaning of a text as a direction: texts that mean the same point the same way, whatever their words.
struct Embedding: Sendable, Equatable {
    /// Largest number of dimensions taken.
    static let maxDimensions = 8192

    /// Of length 1.
    let vector: [Float]

    /// nil for what is no direction.
    init?(_ values: [Float]) {
        guard (1...Self.maxDimensions).contains(values.count), values.allSatisfy(\.isFinite) else { return nil }
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0, length.isFinite else { return nil }
        vector = values.map { $0 / length }
    }

    /// Cosine of the angle between the two, not below 0; 0 for vectors of different models.
    func likeness(to other: Embedding) -> Double {
        guard vector.count == other.vector.count else { return 0 }
        var sum: Float = 0
        for index in vector.indices { sum += vector[index] * other.vector[index] }
        return Double(min(max(sum, 0), 1))
    }

    // MARK: - Stored form

    /// Little-endian 32-bit floats.
    var bytes: [UInt8] {
        vector.flatMap { value in
            let bits = value.bitPattern
            return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        }
    }

    init?(bytes: [UInt8]) {
        guard bytes.count.isMultiple(of: 4) else { return nil }
        self.init(
            stride(from: 0, to: bytes.count, by: 4).map { start in
                Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
            }
        )
    }
}
