import Synchronization

/// Numbers that must differ but need not be secret, such as the ids of requests and traces: one question to the system
/// per process instead of one per number.
package enum QuickRandom {
    private static let state = Atomic<UInt64>(UInt64.random(in: .min ... .max))

    /// The next number (SplitMix64): every one of the 2^64 once before the first comes again.
    package static func next() -> UInt64 {
        var number = state.wrappingAdd(0x9e37_79b9_7f4a_7c15, ordering: .relaxed).newValue
        number = (number ^ number >> 30) &* 0xbf58_476d_1ce4_e5b9
        number = (number ^ number >> 27) &* 0x94d0_49bb_1331_11eb
        return number ^ number >> 31
    }
}
